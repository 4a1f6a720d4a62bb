-- Gives: one row per column of a relation, in order: name, type, what it means, what the relation is
-- Reads: the catalog of the published file
-- Takes: $schema, $relation
select
    c.column_name,
    c.data_type,
    c.comment,
    coalesce(t.comment, v.comment)
from duckdb_columns() as c
left join duckdb_tables() as t using (database_name, schema_name, table_name)
left join duckdb_views() as v
    on c.database_name = v.database_name and c.schema_name = v.schema_name and c.table_name = v.view_name
where c.database_name = current_database() and c.schema_name = $schema and c.table_name = $relation
order by c.column_index
