-- Gives: one row per begin, change of one table of Postgres or of its partitions, and commit, in the order of the log
-- Reads: the slot of the server, which keeps its place
-- Takes: %(slot)s, %(most)s (changes after which it ends with a transaction), %(schema)s, %(name)s
with wanted as (
    select format('table %%I.%%I: ', n.nspname, c.relname) as beginning
    from pg_class as c
    inner join pg_namespace as n on n.oid = c.relnamespace
    where
        (n.nspname = %(schema)s and c.relname = %(name)s)
        or c.oid in (
            select p.relid
            from pg_class as t
            inner join pg_namespace as s on s.oid = t.relnamespace
            cross join lateral pg_partition_tree(t.oid) as p
            where s.nspname = %(schema)s and t.relname = %(name)s
        )
)

select
    (d.lsn - '0/0'::pg_lsn)::bigint as place,
    d.data
from pg_logical_slot_peek_changes(
    %(slot)s, null, %(most)s, 'include-xids', '0', 'skip-empty-xacts', '1'
) with ordinality as d (lsn, xid, data, ordinal)
where
    d.data like 'BEGIN%%'
    or d.data like 'COMMIT%%'
    or exists (
        select 1
        from wanted as w
        where starts_with(d.data, w.beginning)
    )
order by d.ordinal
