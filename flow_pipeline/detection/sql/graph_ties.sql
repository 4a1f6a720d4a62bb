-- Gives: one row per transfer that time, block, place, index and amount do not order, in the order asked: its hash, and
--   what tells transfers of one hash apart
-- Reads: store.transfers, store.addresses
-- Takes: $least and $most, between which their rowids lie; the relation tied
-- Few are tied: the texts of all addresses are passed over once, not joined.
with tied_transfers as materialized (
    select
        t.at,
        f.tx_hash,
        f.from_id,
        f.to_id
    from store.transfers as f
    inner join tied as t on t.row = f.rowid
    where f.rowid between $least and $most
),

ends as materialized (
    select
        address_id,
        address
    from store.addresses
    where address_id in (select unnest([from_id, to_id]) from tied_transfers)
)

select
    coalesce(t.tx_hash, '') as tx_hash,
    a.address || ' ' || b.address as others
from tied_transfers as t
inner join ends as a on a.address_id = t.from_id
inner join ends as b on b.address_id = t.to_id
order by t.at
