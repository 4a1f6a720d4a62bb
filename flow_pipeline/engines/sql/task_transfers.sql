-- Gives: the view store.transfers of a task's warehouse: one row per transfer of a version of the lake
-- Reads: the Delta table
-- Takes: ${place} and ${version} of it
create view store.transfers as
select
    * exclude (chain),
    load_id::bigint << 40 | source_row as rowid
from delta_scan('${place}', version = ${version})
