-- Gives: one row per table of the file, with its columns in order
-- Reads: nothing stored
select
    schema_name || '.' || table_name as relation,
    list(column_name order by column_index) as columns
from duckdb_columns()
inner join duckdb_tables() using (database_name, schema_name, table_name)
where database_name = current_database()
group by all
