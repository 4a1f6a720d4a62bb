-- Gives: one row per edge of the graph of a stretch of time, without those that an end burns: its token, chain, time
--   and ends
-- Reads: store.transfers, intermediate.int_address_labels__intervals
-- Takes: $since, $until; the relation graph_tokens
-- When is asked only of what had such a label at some time: a comparison of times for every payment costs the most.
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

select * from edges
where
    from_id not in (select address_id from burners)
    and to_id not in (select address_id from burners)
union all
select e.*
from (
    select * from edges
    where from_id in (select address_id from burners) or to_id in (select address_id from burners)
) as e
where not exists (
    select 1 from burners as b
    where
        b.chain = e.chain and b.address_id in (e.from_id, e.to_id)
        and holds_at(b.valid_from, b.valid_to, e.block_timestamp)
)
