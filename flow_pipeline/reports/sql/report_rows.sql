-- Gives: one row: rows of all loads by what became of them
-- Reads: raw.loads
select
    sum(rows_read)::bigint as read,
    sum(rows_loaded)::bigint as loaded,
    sum(rows_duplicate)::bigint as duplicate,
    sum(rows_rejected)::bigint as rejected,
    count(*) filter (where is_truncation_suspected) as truncated,
    count(*) as files
from raw.loads
