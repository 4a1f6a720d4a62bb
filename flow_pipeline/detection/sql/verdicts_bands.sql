-- Gives: the temp table bands: one row per token that a pool measures by its ordinary amount, day and band of amounts,
--   16 bands to an octave: how many transfers without a price it holds
-- Reads: store.transfers, store.prices
-- Takes: $first and $last, days; ${band_of} of an amount; the relations pool, graph_tokens
create or replace temp table bands as
with tokens as (
    select distinct token as position
    from pool
    where isnan(strength_usd)
)

select
    k.position::bigint as token,
    ${band_of} as band,
    (f.block_date - date '1970-01-01')::bigint as day,
    count(*)::bigint as transfers
from store.transfers as f
inner join graph_tokens as k using (token_id)
semi join tokens as t on t.position = k.position
left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
where
    f.is_edge
    and f.block_date between $first and $last
    and p.usd is null and (f.amount_usd is null or k.spoof_suspected)
group by all
