-- Gives: one row per address of a chain that no walk passes through: services by labels or by what they did, hubs, what
--   is no address
-- Reads: intermediate.int_address_labels__intervals, store.hubs, store.services, store.addresses, store.tokens
-- Takes: $chain; $services, categories of labels
select address_id
from intermediate.int_address_labels__intervals
where chain = $chain and category in (select unnest($services))
union
select h.address_id
from store.hubs as h
inner join store.tokens as t on h.token_key = t.token_id
where h.since is not null and t.chain = $chain
union
select s.address_id
from store.services as s
inner join store.tokens as t on s.token_key = t.token_id
where s.since is not null and t.chain = $chain
union
select address_id
from store.addresses
where address in ('coinbase', 'fees')
