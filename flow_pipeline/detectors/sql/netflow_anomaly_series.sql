-- Gives: one row per exchange, wallet and the total, token and day: its netflow, series after series in time order.
-- Reads: marts.fct_daily_exchange_netflow, marts.fct_daily_wallet_netflow, marts.fct_daily_netflow
select
    block_date,
    chain,
    token_symbol,
    token_address,
    'exchange' as scope_type,
    exchange as scope,
    netflow,
    inflow,
    outflow,
    inflow_count + outflow_count > 0 as is_active,
    has_every_day
from marts.fct_daily_exchange_netflow
union all
select
    block_date,
    chain,
    token_symbol,
    token_address,
    'wallet',
    wallet,
    sum(netflow),
    sum(inflow),
    sum(outflow),
    bool_or(inflow_count + outflow_count > 0),
    bool_and(has_every_day)
from marts.fct_daily_wallet_netflow
group by block_date, chain, token_symbol, token_address, wallet
union all
select
    block_date,
    chain,
    token_symbol,
    token_address,
    'total',
    'TOTAL',
    netflow,
    inflow,
    outflow,
    inflow_count + outflow_count > 0,
    has_every_day
from marts.fct_daily_netflow
order by scope_type, scope, chain, token_symbol, token_address, block_date
