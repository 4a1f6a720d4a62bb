-- Gives: one row per address of some ids: its text, and its entity and category by the surest label that holds
-- Reads: store.addresses, intermediate.int_address_labels__intervals
-- Takes: $ids, $chain, $now
with labels as (
    select
        address_id,
        entity,
        category
    from intermediate.int_address_labels__intervals
    where
        chain = $chain
        and address_id in (select unnest($ids::integer[]))
        and holds_at(valid_from, valid_to, $now::timestamp)
)

select
    a.address_id,
    a.address,
    l.entity,
    l.category
from store.addresses as a
left join labels as l on a.address_id = l.address_id
where a.address_id in (select unnest($ids::integer[]))
