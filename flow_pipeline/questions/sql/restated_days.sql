-- Gives: one row per day, chain, token and exchange whose inflow or outflow is not what is published
-- Reads: marts.fct_daily_exchange_netflow
-- Takes: the attached file published
select
    coalesce(a.block_date, b.block_date) as block_date,
    coalesce(a.chain, b.chain) as chain,
    coalesce(a.token_symbol, b.token_symbol) as token_symbol,
    coalesce(a.token_address, b.token_address) as token_address,
    coalesce(a.exchange, b.exchange) as exchange,
    b.netflow as netflow_before,
    a.netflow as netflow_after,
    b.inflow as inflow_before,
    a.inflow as inflow_after,
    b.outflow as outflow_before,
    a.outflow as outflow_after
from marts.fct_daily_exchange_netflow as a
full join published.marts.fct_daily_exchange_netflow as b
    on
        a.block_date = b.block_date
        and a.chain = b.chain
        and a.exchange = b.exchange
        and a.token_symbol is not distinct from b.token_symbol
        and a.token_address is not distinct from b.token_address
where coalesce(a.inflow, 0) <> coalesce(b.inflow, 0) or coalesce(a.outflow, 0) <> coalesce(b.outflow, 0)
order by 1, exchange, chain, token_symbol, token_address
