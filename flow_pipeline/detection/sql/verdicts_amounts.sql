-- Gives: one row per token, day and amount within the bands that are asked for: how many transfers without a price
-- Reads: store.transfers, store.prices
-- Takes: $first and $last, days; ${band_of} of an amount; the relations bands_read, graph_tokens
-- Amounts are compared as they are first: to tell the band of each would make a float of it, which takes longest.
with bounds as (
    select
        *,
        (2 ** (band / 16) * (1 - 1e-9))::decimal(38, 18) as least,
        coalesce(
            try_cast(2 ** ((band + 1) / 16) * (1 + 1e-9) as decimal(38, 18)), 99999999999999999999::decimal(38, 18)
        ) as most
    from bands_read
),

candidates as materialized (
    select
        b.token,
        b.band,
        f.amount,
        f.block_date
    from store.transfers as f
    inner join graph_tokens as k using (token_id)
    inner join bounds as b on b.token = k.position and f.amount between b.least and b.most
    left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
    where
        f.is_edge
        and f.block_date between $first and $last
        and p.usd is null and (f.amount_usd is null or k.spoof_suspected)
)

select
    f.token,
    f.band,
    f.amount,
    (f.block_date - date '1970-01-01')::bigint as day,
    count(*)::bigint as transfers
from candidates as f
where f.band = ${band_of}
group by all
order by f.token, f.band, f.amount
