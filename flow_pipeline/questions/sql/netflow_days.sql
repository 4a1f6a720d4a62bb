-- Gives: one row per day, chain, token and exchange, wallet or none, latest day first, then the largest move
-- Reads: marts.fct_daily_netflow, marts.fct_daily_exchange_netflow or marts.fct_daily_wallet_netflow
-- Takes: ${table}, and ${exchange}, its column of the exchange (null where it has none); $first, $last, $token and
--   $exchange, each null for all
select *
from ${table}
where
    inflow_count + outflow_count > 0
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
    and ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
    and ($exchange is null or lower(${exchange}) = lower($exchange))
order by block_date desc, abs(netflow) desc
