-- Gives: one row per active day, token and exchange: the netflow that a report knows
-- Reads: marts.fct_daily_exchange_netflow
-- Takes: $first_day, $last_day
select
    block_date,
    chain,
    coalesce(token_symbol, '') as token_symbol,
    coalesce(token_address, '') as token_address,
    exchange,
    netflow
from marts.fct_daily_exchange_netflow
where block_date between $first_day and $last_day and inflow_count + outflow_count > 0
