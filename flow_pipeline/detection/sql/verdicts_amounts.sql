-- Gives: one row per transfer without a price of a token that a pool measures by its ordinary amount
-- Reads: store.transfers, store.prices
-- Takes: the relations pool, graph_tokens
with tokens as (
    select distinct token as position
    from pool
    where isnan(strength_usd)
),

days as (
    select
        date '1970-01-01' + min(day)::integer as first,
        date '1970-01-01' + max(day)::integer as last
    from pool
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
    and f.block_date between (select first from days) and (select last from days)
    and p.usd is null and (f.amount_usd is null or k.spoof_suspected)
