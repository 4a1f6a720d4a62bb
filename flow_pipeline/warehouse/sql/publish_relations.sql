-- Gives: one row per table and view whose content is hashed, with the definition of what is told by it alone
-- Reads: nothing stored
select
    schema_name || '.' || table_name as relation,
    null as definition
from duckdb_tables()
where schema_name in ('raw', 'marts', 'detection')
union all
select
    schema_name || '.' || view_name,
    case schema_name when 'marts' then sql end
from duckdb_views()
where schema_name in ('marts', 'detection')
order by 1
