-- Gives: the temp table transfer_contents: one row per transfer that already belongs to a stored finding.
-- Reads: detection.finding_transfers
-- Takes: $day, the first new one; the relation transfers_of_findings
-- Most belong to findings that grow and were stored with them: hashes and amounts of all transfers are by far the
-- longest columns to read. A file's row and time name one transfer: a file that changed takes the place of what it held
-- before.
create or replace temp table transfer_contents as
select
    f.row,
    any_value(t.block_number) as block_number,
    any_value(t.transaction_index) as transaction_index,
    any_value(t.transfer_index) as transfer_index,
    any_value(t.tx_hash) as tx_hash,
    any_value(t.amount) as amount
from transfers_of_findings as f
inner join detection.finding_transfers as t using (source_file, source_row, block_timestamp)
where f.block_timestamp < $day
group by f.row
