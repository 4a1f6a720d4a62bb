-- Gives: one row per label in force that makes a hit, with the id of its address where a transfer has it
-- Reads: raw.labels, store.addresses
-- Takes: $categories; $now, at which a label must not have ended
select
    a.address_id,
    l.address,
    l.chain,
    l.entity,
    l.category,
    l.source,
    l.label_set,
    l.known_from,
    l.valid_from
from raw.labels as l
left join store.addresses as a on l.address = a.address
where
    l.category in (select unnest($categories))
    and (l.valid_to is null or l.valid_to > $now)
order by l.address, l.confidence desc, l.label_set, l.source
