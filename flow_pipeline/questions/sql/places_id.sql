-- Gives: the id of an address that a transfer of a chain names, as it is written or else in lower case
-- Reads: the addresses by text, the transfers by address
-- Takes: ${texts}, a relation like store.addresses; ${ends}, a relation like intermediate.int_transfers__ends; $chain,
--   $address
select a.address_id
from ${texts} as a
where
    a.address in ($address, lower($address))
    and exists (
        select 1 from ${ends} as e
        where e.address_id = a.address_id and e.chain = $chain
    )
order by a.address = $address desc
limit 1
