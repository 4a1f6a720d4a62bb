-- Gives: fills malformed_rows: one row per line of the file that the reader refused, with its first message
-- Reads: the temp table csv_errors
-- Takes: $skip (lines before the first data row), $max_text
insert into malformed_rows
select
    line - $skip,
    arg_min(error_message, error_message),
    left(any_value(csv_line), $max_text)
from csv_errors
group by line
