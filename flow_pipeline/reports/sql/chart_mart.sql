-- Gives: one row per day of the series with the most active days of a mart of daily flows, its last 180 days: what came
--   in and went out; without whose it is it is that of all exchanges
-- Reads: a mart of daily flows
-- Takes: ${mart}, ${whose} (an expression for whose series it is), ${total} (the word for all)
with series as (
    select
        block_date::timestamp as day,
        chain,
        token_symbol,
        token_address,
        coalesce(token_symbol, token_address, '?') as token,
        ${whose} as who,
        inflow::double as inflow,
        outflow::double as outflow
    from ${mart}
),

busiest as (
    select
        chain,
        token_symbol,
        token_address,
        who
    from series
    group by chain, token_symbol, token_address, who
    order by count(*) filter (where inflow + outflow > 0) desc, who, token_symbol, chain, token_address
    limit 1
)

select
    s.day as block_date,
    s.token,
    coalesce(s.who, '${total}') as scope,
    s.inflow,
    s.outflow
from series as s
inner join busiest as b
    on
        s.chain = b.chain
        and s.token_symbol is not distinct from b.token_symbol
        and s.token_address is not distinct from b.token_address
        and s.who is not distinct from b.who
where s.day > (select max(day) from series) - interval 180 day
order by s.day
