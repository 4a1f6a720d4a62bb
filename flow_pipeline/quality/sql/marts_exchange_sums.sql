-- Gives: the number of days and tokens whose netflow is not the sum over exchanges
-- Reads: marts.fct_daily_exchange_netflow, marts.fct_daily_netflow
with exchanges as (
    select
        block_date,
        chain,
        token_symbol,
        token_address,
        sum(netflow) as netflow
    from marts.fct_daily_exchange_netflow
    group by all
)

select count(*)
from exchanges as e
full join marts.fct_daily_netflow as t
    on
        e.block_date = t.block_date
        and e.chain = t.chain
        and e.token_symbol is not distinct from t.token_symbol
        and e.token_address is not distinct from t.token_address
where e.netflow is distinct from t.netflow
