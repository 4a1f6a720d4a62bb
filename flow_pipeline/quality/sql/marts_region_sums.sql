-- Gives: the number of days and tokens whose pairs of regions do not sum to the volume without self-transfers
-- Reads: marts.fct_daily_region_flow, intermediate.int_flows__daily, intermediate.int_tokens__keys
with regions as (
    select
        block_date,
        chain,
        token_symbol,
        token_address,
        sum(amount) as amount
    from marts.fct_daily_region_flow
    where block_date >= date '{first_changed_day}'
    group by all
),

volumes as (
    select
        block_date,
        chain,
        token_symbol,
        token_address,
        sum(amount) as amount
    from intermediate.int_flows__daily
    inner join intermediate.int_tokens__keys using (token_key)
    where flow_type <> 'self' and block_date >= date '{first_changed_day}'
    group by all
)

select count(*)
from regions as r
full join volumes as f
    on
        r.block_date = f.block_date
        and r.chain = f.chain
        and r.token_symbol is not distinct from f.token_symbol
        and r.token_address is not distinct from f.token_address
where coalesce(r.amount, 0) <> coalesce(f.amount, 0)
