-- Gives: one row per relation of the published file, schema.name
-- Reads: information_schema
select table_schema || '.' || table_name
from information_schema.tables
where table_catalog = current_database() and table_schema not in ('main', 'information_schema')
order by 1
