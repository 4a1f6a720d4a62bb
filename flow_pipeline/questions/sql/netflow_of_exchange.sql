-- Gives: one row per token of an exchange on a chain: what came on and what left over all days, most active days first
-- Reads: marts.fct_daily_exchange_netflow
-- Takes: $chain, $exchange
select
    exchange,
    chain,
    token_symbol,
    token_address,
    sum(inflow) as inflow,
    sum(outflow) as outflow,
    sum(netflow) as netflow,
    sum(netflow_usd) as netflow_usd,
    count(*) filter (where inflow_count + outflow_count > 0) as active_days
from marts.fct_daily_exchange_netflow
where chain = $chain and lower(exchange) = lower($exchange)
group by all
order by active_days desc, token_symbol, token_address
