-- Gives: changes a table: one row per row_changes is updated, is gone or is new
-- Reads: the table, the temp table row_changes
-- Takes: ${table}, ${columns}, ${updates}, ${inserts}
merge into ${table} as o -- noqa: PRS
using row_changes as n on o.rowid = n.changed_row
when matched and n.is_kept then update set ${updates}
when matched then delete
when not matched then insert (${columns}) values (${inserts})
