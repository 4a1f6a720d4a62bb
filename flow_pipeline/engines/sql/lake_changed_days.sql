-- Gives: one row per day of which the lake holds a transfer that was taken out
-- Reads: store.removed_transfers, the Delta table behind store.transfers
-- Takes: ${place} and ${version} of that table
select distinct f.block_date
from delta_scan('${place}', version = ${version}) as f
where
    exists (
        select 1 from store.removed_transfers as r
        where r.load_id = f.load_id and r.source_row = f.source_row
    )
order by f.block_date
