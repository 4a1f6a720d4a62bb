-- Gives: one row per asked address that a transfer has, in the spelling it has there
-- Reads: store.addresses
-- Takes: $addresses
select
    address_id,
    address
from store.addresses
where address in (select unnest($addresses))
