-- Gives: one row per publication of a run that audited itself, oldest first: its tables and their rows as lists of one
--   order, and whether it is the last of all
-- Reads: ops.publications, ops.audits
-- Takes: $after (a run id; ids are in order of time)
select
    run_id,
    max(published_at) as published_at,
    max(window_first) as window_first,
    max(window_last) as window_last,
    list(table_name order by table_name) as tables,
    list(row_count order by table_name) as counts,
    run_id = last_run as is_last
from (
    select
        *,
        max(run_id) over () as last_run
    from ops.publications
)
where
    run_id > $after
    and window_first is not null
    and run_id in (select run_id from ops.audits)
group by run_id, last_run
order by run_id
