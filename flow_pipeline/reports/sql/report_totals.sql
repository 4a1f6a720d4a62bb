-- Gives: one row per token: netflow of all exchanges together over a report's days, the most dollars first, then
--   the busiest
-- Reads: marts.fct_daily_netflow
-- Takes: $first_day, $last_day
select
    coalesce(token_symbol, token_address) as token,
    chain,
    sum(netflow) as netflow,
    sum(inflow) as inflow,
    sum(outflow) as outflow,
    sum(netflow_usd) as netflow_usd
from marts.fct_daily_netflow
where block_date between $first_day and $last_day
group by chain, token_symbol, token_address
having sum(inflow_count + outflow_count) > 0
order by abs(sum(netflow_usd)) desc nulls last, sum(inflow_count + outflow_count) desc, token, chain
