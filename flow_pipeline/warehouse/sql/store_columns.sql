-- Gives: one row per table or view of the file, with its columns in order
-- Reads: nothing stored
select
    c.schema_name || '.' || c.table_name as relation,
    bool_or(v.view_name is not null) as is_view,
    list(c.column_name order by c.column_index) as columns
from duckdb_columns() as c
left join duckdb_views() as v
    on c.database_name = v.database_name and c.schema_name = v.schema_name and c.table_name = v.view_name
where c.database_name = current_database()
group by all
