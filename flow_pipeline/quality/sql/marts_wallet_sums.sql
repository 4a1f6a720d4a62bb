-- Gives: the number of days, tokens and exchanges whose netflow is not the sum over their wallets
-- Reads: marts.fct_daily_wallet_netflow, marts.fct_daily_exchange_netflow
with exchanges as (
    select *
    from marts.fct_daily_exchange_netflow
    where block_date >= date '{first_changed_day}'
),

wallets as (
    select
        block_date,
        chain,
        token_symbol,
        token_address,
        exchange,
        sum(netflow) as netflow
    from marts.fct_daily_wallet_netflow
    where block_date >= date '{first_changed_day}'
    group by all
)

select count(*)
from wallets as w
full join exchanges as e
    on
        w.block_date = e.block_date
        and w.chain = e.chain
        and w.exchange = e.exchange
        and w.token_symbol is not distinct from e.token_symbol
        and w.token_address is not distinct from e.token_address
where coalesce(w.netflow, 0) <> coalesce(e.netflow, 0)
