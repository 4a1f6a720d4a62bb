-- Gives: one row per table and view, with its kind and comment, then one per column in order, with its type and comment
-- Reads: nothing stored
select
    schema_name,
    relation,
    column_name,
    kind,
    comment
from
    (
        select
            schema_name,
            table_name as relation,
            null as column_name,
            'table' as kind,
            comment,
            0 as place
        from duckdb_tables()
        where database_name = current_database()
        union all
        select
            schema_name,
            view_name,
            null,
            'view',
            comment,
            0
        from duckdb_views()
        where database_name = current_database() and not internal
        union all
        select
            schema_name,
            table_name,
            column_name,
            data_type,
            comment,
            column_index
        from duckdb_columns()
        where database_name = current_database() and not internal
    )
order by schema_name, relation, place
