-- Gives: every column of the file with its type and meaning, or those of one table
-- Reads: nothing stored
-- Takes: $table text = null: only this table, with its schema or without
select
    schema_name || '.' || table_name as table_name,
    column_name,
    data_type,
    comment as meaning
from duckdb_columns()
where
    not internal
    and schema_name <> 'main'
    and ($table is null or lower($table) in (lower(table_name), lower(schema_name || '.' || table_name)))
order by schema_name, table_name, column_index
