-- Gives: one row per transfer without a price of a token that a pool measures by its ordinary amount
-- Reads: store.transfers, store.prices
-- Takes: $first and $last, days; the relations pool, graph_tokens
with tokens as (
    select distinct token as position
    from pool
    where isnan(strength_usd)
)

select
    k.position::integer as token,
    (f.block_date - date '1970-01-01')::integer as day,
    f.amount
from store.transfers as f
inner join graph_tokens as k using (token_id)
semi join tokens as t on t.position = k.position
left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
where
    f.is_edge
    and f.block_date between $first and $last
    and p.usd is null and (f.amount_usd is null or k.spoof_suspected)
