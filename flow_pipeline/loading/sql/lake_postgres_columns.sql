-- Gives: one row per column of a table, in order: name, type, digits of a number that has a limit.
-- Reads: the catalog of the Postgres that is asked.
-- Takes: ${schema}, ${table}, as literals.
select
    column_name::text,
    data_type::text,
    numeric_precision::integer
from information_schema.columns
where table_schema = ${schema} and table_name = ${table}
order by ordinal_position
