-- Gives: one row per address of some ids, with the surest label it has at present
-- Reads: store.addresses, marts.dim_address_labels
-- Takes: the relation wanted (address_id)
select
    a.address_id,
    any_value(a.address) as address,
    arg_max(l.entity, l.confidence) as entity
from store.addresses as a
inner join wanted using (address_id)
left join marts.dim_address_labels as l on a.address = l.address
group by a.address_id
