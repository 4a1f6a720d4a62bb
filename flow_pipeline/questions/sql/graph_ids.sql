-- Gives: one row per given address that a transfer of any chain names: its id
-- Reads: the addresses by text
-- Takes: ${texts}, a relation like store.addresses; $addresses
select
    address_id,
    address
from ${texts}
where address in (select unnest($addresses::varchar[]))
