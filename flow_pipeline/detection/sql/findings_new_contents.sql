-- Gives: the other rows of the temp table transfer_contents: one per transfer that belonged to no stored finding.
-- Reads: store.transfers
-- Takes: $since, the time of the first one; $until, before which they lie; the relations
--   transfers_of_findings, transfer_contents
insert into transfer_contents
select
    f.rowid as row,
    f.block_number,
    f.transaction_index,
    f.transfer_index,
    f.tx_hash,
    f.amount
from (select * from transfers_of_findings anti join transfer_contents using (row)) as n
inner join
    store.transfers as f
    on f.rowid = n.row and f.block_timestamp >= $since and f.block_timestamp < $until
