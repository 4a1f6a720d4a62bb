-- Gives: one row per address of some ids: how many counterparties its transfers name
-- Reads: the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $ids
select
    address_id,
    count(distinct other_id) as counterparties
from ${ends}
where chain = $chain and is_counted and address_id in (select unnest($ids::integer[]))
group by address_id
