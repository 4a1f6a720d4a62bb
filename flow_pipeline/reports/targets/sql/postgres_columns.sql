-- Gives: one row per column of a table: name, type as Postgres spells it
-- Reads: the catalog of the Postgres that is asked
-- Takes: ${schema}, ${relation}, as literals
select
    a.attname::text,
    replace(
        replace(format_type(a.atttypid, a.atttypmod), 'timestamp without time zone', 'timestamp'),
        'timestamp with time zone',
        'timestamptz'
    )
from pg_catalog.pg_attribute as a
inner join pg_catalog.pg_class as c on a.attrelid = c.oid
inner join pg_catalog.pg_namespace as n on c.relnamespace = n.oid
where n.nspname = ${schema} and c.relname = ${relation} and a.attnum > 0 and not a.attisdropped
order by a.attnum
