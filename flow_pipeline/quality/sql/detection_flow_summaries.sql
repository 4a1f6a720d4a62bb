-- Gives: the number of summaries of flows that are not sum and count of their flows, or whose risk is outside [0, 1]
-- Reads: detection.group_flow_summaries, detection.group_flows
with sums as (
    select
        source_group,
        destination_group,
        chain,
        coalesce(token_address, token_symbol) as token,
        sum(amount) as total_amount,
        count(*) as flow_count
    from detection.group_flows
    group by all
)

select count(*)
from detection.group_flow_summaries as s
left join sums as f
    on
        f.source_group = s.source_group
        and f.destination_group = s.destination_group
        and f.chain = s.chain
        and f.token is not distinct from coalesce(s.token_address, s.token_symbol)
where
    f.total_amount is distinct from s.total_amount
    or f.flow_count is distinct from s.flow_count
    or s.risk_score not between 0 and 1
