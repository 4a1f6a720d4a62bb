-- Gives: one row per transfer that time, block, place, index and amount do not order, in the order asked: its hash, and
--   what tells transfers of one hash apart
-- Reads: store.transfers, store.addresses
-- Takes: the relation tied
select
    coalesce(f.tx_hash, '') as tx_hash,
    a.address || ' ' || b.address as others
from tied as t
inner join store.transfers as f on f.rowid = t.row
inner join store.addresses as a on a.address_id = f.from_id
inner join store.addresses as b on b.address_id = f.to_id
order by t.at
