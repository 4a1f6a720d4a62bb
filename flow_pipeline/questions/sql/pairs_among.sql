-- Gives: the pairs of some addresses of which the first sent something to the second
-- Reads: the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $ids
select distinct
    address_id as from_id,
    other_id as to_id
from ${ends}
where
    address_id in (select unnest($ids::integer[]))
    and other_id in (select unnest($ids::integer[]))
    and is_out
    and is_counted
    and chain = $chain
order by from_id, to_id
