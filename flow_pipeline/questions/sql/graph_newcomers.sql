-- Gives: one row per busy address of some ids: how many counterparties it has that store.counterparties has not
-- Reads: the transfers by address, store.counterparties
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $ids; $first, the first day that
--   store.counterparties does not have
with news as materialized (
    select distinct
        address_id,
        other_id
    from ${ends}
    where
        chain = $chain
        and is_counted
        and block_timestamp >= $first::date
        and address_id in (select unnest($ids::integer[]))
),

known as (
    select
        address_id,
        other_id
    from store.counterparties
    where
        chain = $chain
        and address_id in (select unnest($ids::integer[]))
        and other_id in (select n.other_id from news as n)
)

select
    n.address_id,
    count(*) as counterparties
from news as n
anti join known as k on n.address_id = k.address_id and n.other_id = k.other_id
group by n.address_id
