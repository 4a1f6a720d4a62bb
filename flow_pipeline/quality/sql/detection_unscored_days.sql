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
    where s.scope_type = 'exchange'
)

select
    abs(
        (select count(*) filter (where scope_type = 'exchange') from detection.netflow_scores)
        - (select count(*) from marts.fct_daily_exchange_netflow)
    )
    + (select count(*) from strangers)
