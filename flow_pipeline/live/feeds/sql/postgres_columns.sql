-- Gives: one row per column of a table of Postgres that may be read, in their order
-- Reads: the catalogue of the server
-- Takes: $schema, $name
select a.attname
from pg_attribute as a
inner join pg_class as c on c.oid = a.attrelid
inner join pg_namespace as n on n.oid = c.relnamespace
where
    n.nspname = $schema
    and c.relname = $name
    and c.relkind in ('r', 'p')
    and a.attnum > 0
    and not a.attisdropped
    and has_column_privilege(c.oid, a.attnum, 'select')
order by a.attnum
