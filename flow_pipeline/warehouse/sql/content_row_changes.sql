-- Gives: the temp table row_changes: one row per row of a table that differs, with the fresh one that takes its place,
--   per new row, and per row that is gone from the scope
-- Reads: the table, the temp table fresh_rows: every row that the scope is to have
-- Takes: ${table}, ${is_same_row}, ${differs}, ${is_in_scope}
create or replace temp table row_changes as
select
    o.rowid as old_row,
    n.rowid as new_row
from fresh_rows as n
left join ${table} as o on ${is_same_row}
where o.rowid is null or ${differs}
union all
select
    o.rowid,
    null
from ${table} as o
where
    ${is_in_scope}
    and not exists (
        select 1 from fresh_rows as n -- noqa: AL05
        where ${is_same_row}
    )
