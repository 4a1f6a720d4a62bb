-- Gives: one row: the run that published the file, when, its days, how many transfers, the last transfer
-- Reads: ops.publications, store.transfers
select
    run_id,
    max(published_at) as published_at,
    max(window_first) as window_first,
    max(window_last) as window_last,
    max(row_count) filter (where table_name = 'raw.transfers') as transfers,
    (select max(block_timestamp) from store.transfers) as last_transfer_at
from ops.publications
where run_id = (select max(p.run_id) from ops.publications as p)
group by run_id
