-- Gives: one row per column of a Parquet file whose statistics say that no text of it is empty: the empty text comes
--   before all others
-- Reads: the file
-- Takes: $path
select path_in_schema
from parquet_metadata($path)
group by path_in_schema
having bool_and(coalesce(stats_min_value, '') <> '')
