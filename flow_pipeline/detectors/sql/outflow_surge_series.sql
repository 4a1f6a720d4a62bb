-- Gives: one row per exchange and the total, token and day: its outflow, series after series in time order.
-- Reads: marts.fct_daily_exchange_netflow, marts.fct_daily_netflow
select
    block_date,
    chain,
    token_symbol,
    token_address,
    exchange as scope,
    outflow
from marts.fct_daily_exchange_netflow
union all
select
    block_date,
    chain,
    token_symbol,
    token_address,
    'TOTAL',
    outflow
from marts.fct_daily_netflow
order by scope, chain, token_symbol, token_address, block_date
