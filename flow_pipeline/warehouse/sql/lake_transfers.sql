-- Gives: the view store.transfers, one row per accepted transfer of a version of the lake and of what waits to be
--   written; rowid is the same number for a transfer wherever it lies
-- Reads: the Delta table, store.fresh_transfers, store.removed_transfers
-- Takes: ${columns} of store.transfers, ${place} and ${version} of the Delta table
create or replace view store.transfers as
select
    ${columns},
    load_id::bigint << 40 | source_row as rowid
from store.fresh_transfers
union all
select
    ${columns},
    load_id::bigint << 40 | source_row as rowid
from delta_scan('${place}', version = ${version}) as f
where not exists (
    select 1 from store.removed_transfers as r
    where r.load_id = f.load_id and r.source_row = f.source_row
)
