-- Gives: one row per busy address of some ids: how many counterparties store.counterparties has of it
-- Reads: store.counterparties
-- Takes: $chain, $ids
select
    address_id,
    max(rank) as counterparties
from store.counterparties
where chain = $chain and address_id in (select unnest($ids::integer[]))
group by address_id
