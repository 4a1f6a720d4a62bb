-- Gives: one row per token, day and amount within the bands that are asked for: how many transfers without a price
-- Reads: store.transfers, store.prices
-- Takes: $first and $last, days; ${band_of} of an amount; the relations bands_read, graph_tokens
select
    b.token,
    b.band,
    f.amount,
    (f.block_date - date '1970-01-01')::bigint as day,
    count(*)::bigint as transfers
from store.transfers as f
inner join graph_tokens as k using (token_id)
inner join bands_read as b on b.token = k.position and b.band = ${band_of}
left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
where
    f.is_edge
    and f.block_date between $first and $last
    and p.usd is null and (f.amount_usd is null or k.spoof_suspected)
group by all
order by b.token, b.band, f.amount
