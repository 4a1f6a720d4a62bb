-- Gives: one row per group of an address and stretch of time in which it belongs to it
-- Reads: detection.group_members, detection.groups
-- Takes: $address
select
    m.address,
    m.chain,
    m.valid_from,
    m.valid_to,
    g.* exclude (address_count)
from detection.group_members as m
inner join detection.groups as g using (group_id)
where m.address in ($address, lower($address))
order by g.group_id, m.chain, m.valid_from
