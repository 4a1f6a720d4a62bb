-- Gives: the number of tokens whose receivers do not sum to the volume without self-transfers on the last day
-- Reads: marts.fct_daily_destinations, intermediate.int_flows__daily, intermediate.int_tokens__keys
-- Takes: ${last_day} (a literal, so that the view reads that day only)
with destinations as (
    select
        chain,
        token_symbol,
        token_address,
        sum(amount) as amount
    from marts.fct_daily_destinations
    where block_date = date '${last_day}'
    group by all
),

volumes as (
    select
        chain,
        token_symbol,
        token_address,
        sum(amount) as amount
    from intermediate.int_flows__daily
    inner join intermediate.int_tokens__keys using (token_key)
    where flow_type <> 'self' and block_date = date '${last_day}'
    group by all
)

select count(*)
from destinations as d
full join volumes as f
    on
        d.chain = f.chain
        and d.token_symbol is not distinct from f.token_symbol
        and d.token_address is not distinct from f.token_address
where coalesce(d.amount, 0) <> coalesce(f.amount, 0)
