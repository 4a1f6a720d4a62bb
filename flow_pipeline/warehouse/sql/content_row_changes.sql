-- Gives: fills the temp table row_changes: one row per row of a table that differs, with its new values, per new row,
--   and per row that is gone from the scope
-- Reads: the table, the temp table fresh_rows: every row that the scope is to have
-- Takes: ${table}, ${is_same_row}, ${differs}, ${is_in_scope}
insert into row_changes by name
select
    o.rowid as changed_row,
    true as is_kept,
    n.*
from fresh_rows as n
left join ${table} as o on ${is_same_row}
where o.rowid is null or ${differs}
union all by name
select
    o.rowid as changed_row,
    false as is_kept
from ${table} as o
where
    ${is_in_scope}
    and not exists (
        select 1 from fresh_rows as n -- noqa: AL05
        where ${is_same_row}
    )
