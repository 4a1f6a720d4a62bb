-- Gives: one row per begin, change of one table of Postgres or of its partitions, and commit, in the order of the log
-- Reads: the slot of the server, which keeps its place
-- Takes: $slot, $most (changes after which it ends with a transaction), $schema, $name
with wanted as (
    select format('table %I.%I: ', n.nspname, c.relname) as beginning
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where
        (n.nspname = $schema and c.relname = $name)
        or c.oid in (
            select p.relid
            from pg_class as t
            inner join pg_namespace as s on s.oid = t.relnamespace
            cross join lateral pg_partition_tree(t.oid) as p
            where s.nspname = $schema and t.relname = $name
        )
)

select
    place,
    data
from (
    -- The rows of a function come in their order, which a join behind it would not keep.
    select
        row_number() over () as ordinal,
        (lsn - '0/0'::pg_lsn)::bigint as place,
        data
    from pg_logical_slot_peek_changes($slot, null, $most, 'include-xids', '0', 'skip-empty-xacts', '1')
) as d
where
    data like 'BEGIN%'
    or data like 'COMMIT%'
    or exists (
        select 1
        from wanted as w
        where starts_with(d.data, w.beginning)
    )
order by ordinal
