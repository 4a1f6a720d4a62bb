-- Gives: one row per pair of groups and token in detection.group_flow_summaries, those with most flows, with the risk
--   in exact decimals
-- Reads: detection.group_flows, detection.groups
-- Takes: $max_summaries; the relations level_scores, large_amounts
insert into detection.group_flow_summaries by name
with pairs as (
    select
        source_group,
        destination_group,
        chain,
        token_symbol,
        token_address,
        sum(amount)::decimal(38, 18) as total_amount,
        count(*) as flow_count,
        (sum(hop_count)::decimal(18, 4) / count(*))::decimal(9, 4) as average_hops,
        sum(hop_count) > 4 * count(*) as is_long,
        (sum(confidence::decimal(18, 17)) / count(*))::double as average_confidence,
        min(completed_at) as first_at,
        max(completed_at) as last_at
    from detection.group_flows
    group by all
)

select
    p.* exclude (is_long),
    least(
        1,
        coalesce(source_level.as_source, 0)::decimal(4, 2)
        + coalesce(destination_level.as_destination, 0)::decimal(4, 2)
        + case when p.total_amount > l.large::decimal(38, 18) then 0.1 else 0 end::decimal(4, 2)
        + case when p.is_long then 0.1 else 0 end::decimal(4, 2)
    )::decimal(4, 2) as risk_score
from pairs as p
inner join detection.groups as s on s.group_id = p.source_group
inner join detection.groups as d on d.group_id = p.destination_group
left join level_scores as source_level on source_level.risk_level = s.risk_level
left join level_scores as destination_level on destination_level.risk_level = d.risk_level
left join large_amounts as l on l.token_symbol = p.token_symbol
qualify
    row_number() over (
        order by p.flow_count desc, p.source_group, p.destination_group, p.chain, p.token_symbol, p.token_address
    ) <= $max_summaries
