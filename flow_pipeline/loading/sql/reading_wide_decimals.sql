-- Gives: one row per column of a Parquet file whose numbers have more digits than DECIMAL holds
-- Reads: the file
-- Takes: $path
select name
from parquet_schema($path)
where precision > 38
