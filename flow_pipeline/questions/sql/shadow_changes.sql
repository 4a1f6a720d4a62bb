-- Gives: one row per suspicious finding or flagged day of either set of rules, and how the set beside changes it
-- Reads: detection.findings and detection.daily_findings, here and of the attached file `force`
with here as (
    select
        typology as kind,
        finding_id as id,
        severity,
        1 - score as rarity,
        reason || ' ' || verdict as says
    from detection.findings
    where is_suspicious
    union all
    select
        detector,
        concat_ws(' ', chain, coalesce(token_symbol, token_address), scope, measure, block_date),
        severity,
        0,
        reason
    from detection.daily_findings
),

in_force as (
    select
        typology as kind,
        finding_id as id,
        severity,
        1 - score as rarity,
        reason || ' ' || verdict as says
    from force.detection.findings
    where is_suspicious
    union all
    select
        detector,
        concat_ws(' ', chain, coalesce(token_symbol, token_address), scope, measure, block_date),
        severity,
        0,
        reason
    from force.detection.daily_findings
)

select
    kind,
    id,
    case
        when f.id is null then 'new'
        when h.id is null then 'gone'
        when h.severity <> f.severity then 'moved'
        else 'same'
    end as change,
    f.severity as before,
    h.severity as after,
    coalesce(h.rarity, f.rarity) as rarity,
    coalesce(h.says, f.says) as says
from here as h full join in_force as f using (kind, id)
order by kind, id
