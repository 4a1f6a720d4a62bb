-- Gives: one row per chain and token: its name, its last price, whether it imitates another, and the largest transfer
--   of its last days where there were enough of them
-- Reads: store.transfers, store.prices, intermediate.int_tokens__canonical
-- Takes: $days and $least, what makes a token's traffic usual
with days as (select max(block_date) - $days::integer as first_day from store.transfers),

usual as (
    select
        k.token_key,
        max(f.amount)::double as largest
    from store.transfers as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    where f.is_edge and f.block_date > (select first_day from days)
    group by k.token_key
    having count(*) >= $least
),

last_prices as (
    select
        token,
        arg_max(usd, price_date) as usd
    from store.prices
    group by token
)

select
    k.chain,
    coalesce(k.token_address, k.token_symbol) as token,
    any_value(k.token_symbol) as symbol,
    any_value(p.usd)::double as usd,
    bool_or(k.spoof_suspected) as is_spoof,
    any_value(u.largest) as largest
from intermediate.int_tokens__canonical as k
left join usual as u using (token_key)
left join last_prices as p on p.token = k.price_token
group by 1, 2
