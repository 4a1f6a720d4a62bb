-- Gives: the number of days of exchange series without a score, or scored with another netflow
-- Reads: detection.netflow_scores, marts.fct_daily_exchange_netflow
with strangers as (
    select s.scope
    from detection.netflow_scores as s
    anti join marts.fct_daily_exchange_netflow as e
        on
            e.block_date = s.block_date
            and e.exchange = s.scope
            and e.chain = s.chain
            and e.netflow = s.netflow
    where s.scope_type = 'exchange' and s.block_date >= date '{first_changed_day}'
)

select
    abs(
        (
            select count(*) from detection.netflow_scores
            where scope_type = 'exchange' and block_date >= date '{first_changed_day}'
        )
        - (
            select count(*) from marts.fct_daily_exchange_netflow
            where block_date >= date '{first_changed_day}'
        )
    )
    + (select count(*) from strangers)
