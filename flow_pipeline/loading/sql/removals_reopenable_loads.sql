-- Gives: one row per load that stays, of files that had lost rows as duplicates, in the order of loading
-- Reads: raw.loads
-- Takes: $removed (ids of the loads that are taken out)
select
    load_id,
    source_file,
    sha256,
    format,
    chain,
    window_first,
    window_last
from raw.loads
where
    format <> 'labels'
    and load_id not in (select unnest($removed))
    and source_file in (
        select d.source_file
        from raw.loads as d
        where d.rows_duplicate > 0 and d.load_id not in (select unnest($removed))
    )
order by load_id
