-- Gives: the number of days and tokens whose netflow is not the sum over exchanges
-- Reads: marts.fct_daily_exchange_netflow, marts.fct_daily_netflow
with totals as (
    select *
    from marts.fct_daily_netflow
    where block_date >= date '{first_changed_day}'
),

exchanges as (
    select
        block_date,
        chain,
        token_symbol,
        token_address,
        sum(netflow) as netflow
    from marts.fct_daily_exchange_netflow
    where block_date >= date '{first_changed_day}'
    group by all
)

select count(*)
from exchanges as e
full join totals as t
    on
        e.block_date = t.block_date
        and e.chain = t.chain
        and e.token_symbol is not distinct from t.token_symbol
        and e.token_address is not distinct from t.token_address
where coalesce(e.netflow, 0) <> coalesce(t.netflow, 0)
