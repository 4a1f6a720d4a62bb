-- Gives: one row per given address that a transfer of the chain names: its id
-- Reads: the addresses by text, the transfers by address
-- Takes: ${texts}, a relation like store.addresses; ${ends}, a relation like intermediate.int_transfers__ends; $chain,
--   $addresses
select
    a.address_id,
    a.address
from ${texts} as a
where
    a.address in (select unnest($addresses::varchar[]))
    and a.address_id in (select e.address_id from ${ends} as e where e.chain = $chain)
