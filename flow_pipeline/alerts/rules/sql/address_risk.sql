-- Gives: one row per address and chain whose risk score is above the limit, when it rests on several components
-- Reads: detection.address_risk, detection.risk_components
-- Takes: $medium, $high, $critical
with components as (
    select
        chain,
        address,
        list(distinct component order by component) as components,
        count(distinct component) filter (
            where component not in ('group_flow', 'exploit', 'sanctioned')
        ) as own_components,
        list(distinct finding_id order by finding_id) filter (where finding_id is not null) as findings
    from detection.risk_components
    where
        is_active
        and (chain, address) in (
            select (chain, address) from detection.address_risk
            where score > $medium
        )
    group by chain, address
)

select
    concat_ws('|', r.chain, r.address) as subject,
    r.address as topic,
    r.chain,
    null as block_date,
    severity_above(r.score, $medium, $high, $critical) as severity,
    (1 - r.score) / r.score as rarity,
    null as stake_usd,
    r.address || ' has risk ' || format('{:.2f}', r.score) || ' (' || r.category || '): '
    || array_to_string(c.components, ', ') as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    [r.address] as addresses,
    null as entities,
    json_object('score', round(r.score, 4), 'category', r.category, 'components', c.components) as content,
    json_object(
        'finding_count', r.finding_count,
        'confidence', round(r.confidence, 4),
        'findings', c.findings,
        'explain', 'netraflow risk ' || r.address
    ) as baseline
from detection.address_risk as r
inner join components as c using (chain, address)
-- Whoever passes on what flows between groups is in the flows, whoever dealt with an exploit or a sanctioned address in
-- the alerts about that: no news by that alone.
where r.score > $medium and c.own_components > 1
