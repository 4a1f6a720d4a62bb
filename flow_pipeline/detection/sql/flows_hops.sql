-- Gives: the temp table flow_hops: one row per flow that arrived and transfer of its path
-- Reads: store.transfers, store.addresses, raw.loads
-- Takes: $oldest; the relation path_steps
create or replace temp table flow_hops as
select
    s.n,
    s.hop,
    f.block_timestamp,
    f.tx_hash,
    f.transfer_index,
    a.address as from_address,
    b.address as to_address,
    f.amount,
    l.sha256,
    f.source_row
from path_steps as s
inner join
    store.transfers as f
    on
        f.load_id = (s.ref >> 40)::integer
        and f.source_row = s.ref & 1099511627775
        and f.block_date >= $oldest
inner join store.addresses as a on a.address_id = f.from_id
inner join store.addresses as b on b.address_id = f.to_id
inner join raw.loads as l on l.load_id = f.load_id
