-- Gives: fills store.addresses: one row per address that signs or is called and is not known yet, with the next ids:
--   whoever does has an id, also where nothing is transferred
-- Reads: store.addresses, the temp table new_transactions
-- Takes: $pattern (of the chain's addresses)
insert into store.addresses
select
    (select coalesce(max(address_id), 0) from store.addresses) + row_number() over (order by address),
    address
from (
    select from_address as address
    from new_transactions
    union distinct
    select x_to_address
    from new_transactions
)
where regexp_full_match(address, $pattern) and address not in (select address from store.addresses)
