-- Gives: changes a table: one row per key that differs is updated, is new, or is gone from the scope
-- Reads: the table, and the rows that its scope is to have
-- Takes: ${table}, ${fresh}, ${is_same_row}, ${differs}, ${values}, ${is_in_scope}
merge into ${table} as o -- noqa: PRS
using ${fresh} as n on ${is_same_row}
when matched and (${differs}) then update set ${values}
when not matched by target then insert by name
when not matched by source and ${is_in_scope} then delete
