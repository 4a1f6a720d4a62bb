-- Gives: the temp table alert_parts: one row per candidate that is part of another one, and which: the outflow surge of
--   an anomalous netflow day, and a large transfer and the risk of an address that belong to a finding
-- Reads: ledger.alerts, detection.finding_transfers
-- Takes: the relation alert_candidates
-- A part stays with its alert while that stands, else it goes to the most severe and rarest. What was told by itself is
-- no part of what comes later.
create or replace temp table alert_parts as
with findings as (
    select
        alert_id,
        severity,
        rarity,
        json_extract_string(content, '$.finding_id') as finding_id
    from alert_candidates
    where rule = 'finding'
),

links as (
    select
        s.alert_id,
        n.alert_id as part_of,
        n.severity,
        n.rarity
    from alert_candidates as s
    inner join alert_candidates as n on s.subject = n.subject
    where s.rule = 'outflow_surge' and n.rule = 'netflow_anomaly'
    union all
    select
        l.alert_id,
        f.alert_id as part_of,
        f.severity,
        f.rarity
    from alert_candidates as l
    inner join detection.finding_transfers as t
        on
            t.chain = l.chain
            and t.tx_hash = json_extract_string(l.baseline, '$.tx_hash')
            and t.transfer_index is not distinct from json_extract_string(l.baseline, '$.transfer_index')::bigint
            and t.from_address = l.from_address
            and t.to_address = l.to_address
    inner join findings as f using (finding_id)
    where l.rule = 'large_transfer'
    union all
    select
        r.alert_id,
        f.alert_id as part_of,
        f.severity,
        f.rarity
    from (
        select
            alert_id,
            unnest(json_extract_string(baseline, '$.findings[*]')) as finding_id
        from alert_candidates
        where rule = 'address_risk'
    ) as r
    inner join findings as f using (finding_id)
)

select
    l.alert_id,
    arg_min(
        l.part_of,
        (l.part_of is distinct from t.part_of, -risk_rank(l.severity), coalesce(l.rarity, 0), l.part_of)
    ) as part_of
from links as l
left join ledger.alerts as t on l.alert_id = t.alert_id
where t.told_at is null or t.part_of is not null or t.change = 'withdrawn'
group by l.alert_id
