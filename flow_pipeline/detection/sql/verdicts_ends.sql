-- Gives: one row per edge of the graph of a stretch of days: its chain, day and ends
-- Reads: store.transfers, intermediate.int_address_labels__intervals
-- Takes: $first, $until; the relation graph_tokens
with burns as (
    select
        chain,
        address_id,
        valid_from,
        valid_to
    from intermediate.int_address_labels__intervals
    where category = 'burn'
)

select
    k.chain_number as chain,
    (f.block_date - date '1970-01-01')::integer as day,
    f.from_id as sender,
    f.to_id as receiver
from store.transfers as f
inner join graph_tokens as k using (token_id)
where
    f.is_edge
    and f.block_date >= $first
    and f.block_date < $until
    and not exists (
        select 1 from burns as b
        where b.chain = k.chain and b.address_id = f.from_id and holds_at(b.valid_from, b.valid_to, f.block_timestamp)
    )
    and not exists (
        select 1 from burns as b
        where b.chain = k.chain and b.address_id = f.to_id and holds_at(b.valid_from, b.valid_to, f.block_timestamp)
    )
