-- Gives: how many counterparties of an address are counted and ranked, 0 for an address that is not busy
-- Reads: store.counterparties
-- Takes: $chain, $address_id
select coalesce(max(rank), 0) as listed
from store.counterparties
where address_id = $address_id and chain = $chain
