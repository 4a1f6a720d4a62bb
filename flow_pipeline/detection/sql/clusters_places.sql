-- Gives: the temp table cluster_places: one row per address of cluster_transfers with its place in the order of
--   addresses: ids depend on the order of loading, addresses do not, and figures must not either
-- Reads: store.addresses
-- Takes: the relation cluster_transfers
create or replace temp table cluster_places as
select
    a.address_id,
    (row_number() over (order by a.address))::integer - 1 as place
from store.addresses as a
where
    a.address_id in (select from_id from cluster_transfers)
    or a.address_id in (select to_id from cluster_transfers)
