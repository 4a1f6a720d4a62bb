-- Gives: per exchange and token what came on and what left over a window, the busiest first
-- Reads: marts.fct_daily_exchange_netflow
-- Takes: $token text = null: symbol or contract address
--   $first date = null: first day
--   $last date = null: last day, included
select
    exchange,
    chain,
    token_symbol,
    token_address,
    sum(inflow) as inflow,
    sum(outflow) as outflow,
    sum(netflow) as netflow,
    sum(inflow_count + outflow_count)::bigint as transfer_count
from marts.fct_daily_exchange_netflow
where
    ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
group by all
order by transfer_count desc, exchange, chain, token_symbol, token_address
