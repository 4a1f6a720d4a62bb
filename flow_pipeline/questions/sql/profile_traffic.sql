-- Gives: one row per token with a price: its transfers, their days, and the dollars per unit, the given ones first
-- Reads: store.transfers, store.prices, intermediate.int_tokens__canonical
-- Takes: $names, chain:symbol, and their $usd
with given as (
    select
        unnest($names::varchar[]) as token,
        unnest($usd::double[]) as usd
),

traffic as (
    select
        k.chain || ':' || coalesce(k.token_symbol, k.token_address, '') as token,
        count(*) as transfers,
        min(f.block_date) as first_day,
        max(f.block_date) as last_day,
        avg(p.usd) as own_usd
    from store.transfers as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
    where f.is_edge and not k.spoof_suspected
    group by all
)

select
    t.token,
    t.transfers,
    t.first_day,
    t.last_day,
    coalesce(g.usd, t.own_usd) as usd
from traffic as t left join given as g using (token)
where coalesce(g.usd, t.own_usd) is not null
order by t.token
