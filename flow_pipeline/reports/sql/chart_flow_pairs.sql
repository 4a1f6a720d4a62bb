-- Gives: one row per pair of groups: the largest of the token with the most flows
-- Reads: detection.group_flow_summaries
-- Takes: $most
with busiest_token as (
    select
        chain,
        token_symbol,
        token_address
    from detection.group_flow_summaries
    group by all
    order by sum(flow_count) desc, chain, token_symbol
    limit 1
)

select
    s.source_group,
    s.destination_group,
    s.total_amount::double as amount,
    s.risk_score::double as risk,
    coalesce(s.token_symbol, s.token_address, '?') as token
from detection.group_flow_summaries as s
inner join busiest_token as t
    on
        t.chain = s.chain
        and t.token_symbol is not distinct from s.token_symbol
        and t.token_address is not distinct from s.token_address
order by s.total_amount desc, s.source_group, s.destination_group
limit $most
