-- Gives: one row per transfer asked for: its place in its block
-- Reads: store.transfers
-- Takes: the relation asked (n, block_timestamp, load_id, source_row); $first and $last day of it
select
    a.n,
    coalesce(f.block_number, -1) as block_number,
    coalesce(f.transaction_index, -1) as transaction_index,
    coalesce(f.transfer_index, -1) as transfer_index,
    f.token_id
from store.transfers as f
inner join asked as a
    on a.block_timestamp = f.block_timestamp and a.load_id = f.load_id and a.source_row = f.source_row
where f.block_date between $first and $last
order by a.n
