-- Gives: one row per listed address of a part with its place in the order of addresses
-- Reads: store.addresses
-- Takes: the relations cluster_places, listed_places
select
    p.place,
    a.address
from cluster_places as p
semi join listed_places as l on l.place = p.place
inner join store.addresses as a using (address_id)
