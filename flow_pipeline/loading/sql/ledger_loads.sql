-- Gives: one row per load of a transfer file, in the order of loading
-- Reads: raw.loads
select
    source_file,
    sha256,
    format,
    chain,
    window_first,
    window_last,
    rows_loaded
from raw.loads
where format not in ('labels', 'groups')
order by load_id
