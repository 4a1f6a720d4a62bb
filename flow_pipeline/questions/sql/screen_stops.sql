-- Gives: one row per address that no path passes through: services by labels or by what they did, hubs, what is no
--   address
-- Reads: intermediate.int_address_labels__intervals, store.hubs, store.services,
--   store.addresses
-- Takes: $services, categories of labels
select address_id
from intermediate.int_address_labels__intervals
where category in (select unnest($services))
union
select address_id
from store.hubs
where since is not null
union
select address_id
from store.services
where since is not null
union
select address_id
from store.addresses
where address in ('coinbase', 'fees')
