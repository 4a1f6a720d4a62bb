-- Gives: the view detection.group_members: one row per group, chain, address and stretch of time.
-- Reads: store.group_members, store.addresses
select
    m.group_id,
    m.chain,
    a.address,
    m.valid_from,
    m.valid_to
from store.group_members as m inner join store.addresses as a using (address_id)
