-- Gives: the temp table well_formed_rows: one row per data line of a CSV file that fits the columns, in order; the
--   others go to the temp tables csv_errors and csv_scans
-- Reads: the file
-- Takes: $path, $delimiter, $skip, ${columns} (struct of names and types), $compression, $max_line_size
create or replace temp table well_formed_rows as
select
    row_number() over () as well_formed_row,
    *
from
    read_csv(
        $path,
        delim = $delimiter,
        quote = '"',
        escape = '"',
        header = false,
        skip = $skip,
        columns = ${columns},
        auto_detect = false,
        strict_mode = true,
        null_padding = false,
        compression = $compression,
        max_line_size = $max_line_size,
        store_rejects = true,
        rejects_limit = 0,
        rejects_table = 'csv_errors',
        rejects_scan = 'csv_scans'
    )
