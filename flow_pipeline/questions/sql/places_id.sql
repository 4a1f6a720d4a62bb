-- Gives: the ids of an address, as it is written first, then in lower case
-- Reads: the addresses by text
-- Takes: ${texts}, a relation like store.addresses; $address
select address_id
from ${texts}
where address in ($address, lower($address))
order by address = $address desc
