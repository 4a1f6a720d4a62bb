-- Gives: the other rows of the temp table transfer_contents: one per transfer that belonged to no stored finding.
-- Reads: store.transfers, store.addresses
-- Takes: $since, the time of the first one; $until, before which they lie; the relations
--   transfers_of_findings, transfer_contents
insert into transfer_contents
with new_transfers as materialized (
    select
        f.rowid as row,
        f.*
    from (select * from transfers_of_findings anti join transfer_contents using (row)) as n
    inner join
        store.transfers as f
        on f.rowid = n.row and f.block_timestamp >= $since and f.block_timestamp < $until
),

ends as materialized (
    select * from store.addresses
    where address_id in (select unnest([from_id, to_id]) from new_transfers)
)

select
    n.row,
    n.block_number,
    n.transaction_index,
    n.transfer_index,
    n.tx_hash,
    n.amount,
    a.address as from_address,
    b.address as to_address
from new_transfers as n
inner join ends as a on a.address_id = n.from_id
inner join ends as b on b.address_id = n.to_id
