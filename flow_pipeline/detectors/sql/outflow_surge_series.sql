-- Gives: one row per exchange and the total, token and day of series that have every day: their outflow, one after the
--   other in time order
-- Reads: marts.fct_daily_exchange_netflow, marts.fct_daily_netflow
select
    block_date,
    chain,
    token_symbol,
    token_address,
    exchange as scope,
    outflow
from marts.fct_daily_exchange_netflow
where has_every_day
union all
select
    block_date,
    chain,
    token_symbol,
    token_address,
    'TOTAL',
    outflow
from marts.fct_daily_netflow
where has_every_day
order by scope, chain, token_symbol, token_address, block_date
