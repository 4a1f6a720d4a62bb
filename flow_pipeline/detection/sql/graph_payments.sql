-- Gives: one row per edge of the graph of a stretch of time, without those that an end burns: its token, chain, time
--   and ends
-- Reads: store.transfers, intermediate.int_address_labels__intervals
-- Takes: $since, $until; the relation graph_tokens
-- When is asked only of what had such a label at some time: a comparison of times for every payment costs the most.
-- Edges come from one scan: where a result is read while it is made, two that feed it can wait for each other forever.
with burners as (
    select
        chain,
        address_id,
        valid_from,
        valid_to
    from intermediate.int_address_labels__intervals
    where category = 'burn'
),

edges as (
    select
        f.rowid as row,
        k.position,
        k.chain,
        k.chain_number,
        f.from_id,
        f.to_id,
        f.block_timestamp
    from store.transfers as f
    inner join graph_tokens as k using (token_id)
    where f.is_edge and f.block_timestamp >= $since and f.block_timestamp < $until
)

select * exclude (row) from edges
where row not in (
    select e.row
    from edges as e
    inner join burners as b
        on b.address_id = e.from_id and b.chain = e.chain and holds_at(b.valid_from, b.valid_to, e.block_timestamp)
    union all
    select e.row
    from edges as e
    inner join burners as b
        on b.address_id = e.to_id and b.chain = e.chain and holds_at(b.valid_from, b.valid_to, e.block_timestamp)
)
