-- Gives: the temp table cluster_patterns: one row per day, token and entity among whose addresses is one of a finding,
--   with its typologies and the worst severity of the suspicious ones
-- Reads: detection.findings, detection.finding_addresses, intermediate.int_address_labels__intervals
create or replace temp table cluster_patterns as
with entities_of_findings as (
    select distinct
        f.finding_id,
        i.entity
    from detection.findings as f
    inner join detection.finding_addresses as m using (finding_id)
    inner join intermediate.int_address_labels__intervals as i
        on
            i.address = m.address
            and i.chain = f.chain
            and f.last_timestamp >= i.valid_from
            and f.first_timestamp < i.valid_to
),

typologies as (
    select
        f.block_date,
        f.chain,
        f.token_symbol,
        f.token_address,
        e.entity,
        f.typology,
        count(*) as findings,
        count(*) filter (where f.is_suspicious) as suspicious,
        max(case when f.is_suspicious then risk_rank(f.severity) else 1 end) as worst
    from detection.findings as f inner join entities_of_findings as e using (finding_id)
    group by all
)

select
    block_date,
    chain,
    token_symbol,
    token_address,
    entity,
    to_json(
        list({ 'typology': typology, 'findings': findings, 'suspicious': suspicious } order by typology)
    ) as patterns,
    risk_level(max(worst)) as severity
from typologies
group by all
