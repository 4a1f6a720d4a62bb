-- Gives: one row per receiver: the three largest of each of the five busiest tokens of a report's days
-- Reads: marts.fct_daily_destinations
-- Takes: $first_day, $last_day
with busiest_tokens as (
    select
        chain,
        token_symbol,
        token_address,
        sum(transfer_count) as transfers
    from marts.fct_daily_destinations
    where block_date between $first_day and $last_day
    group by all
    order by transfers desc
    limit 5
)

select
    coalesce(d.token_symbol, d.token_address) as token,
    d.to_address,
    any_value(d.entity) as entity,
    any_value(d.category) as category,
    sum(d.amount) as amount,
    sum(d.transfer_count)::bigint as transfers,
    sum(d.amount)::double
    / nullif(sum(sum(d.amount)) over (partition by d.chain, d.token_symbol, d.token_address), 0)::double as share
from marts.fct_daily_destinations as d
inner join busiest_tokens as b
    on
        b.chain = d.chain
        and b.token_symbol is not distinct from d.token_symbol
        and b.token_address is not distinct from d.token_address
where d.block_date between $first_day and $last_day
group by d.chain, d.token_symbol, d.token_address, d.to_address, b.transfers
qualify
    row_number() over (
        partition by d.chain, d.token_symbol, d.token_address
        order by sum(d.amount) desc nulls last, d.to_address
    ) <= 3
order by b.transfers desc, amount desc nulls last
