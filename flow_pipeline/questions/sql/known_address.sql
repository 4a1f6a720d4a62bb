-- Gives: an address as transfers have it
-- Reads: store.addresses
-- Takes: $address, in any case
select address
from store.addresses
where address in ($address, lower($address))
order by address = $address desc
limit 1
