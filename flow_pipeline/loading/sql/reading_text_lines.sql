-- Gives: the temp table well_formed_rows: one row per line of a text file that is not empty, in order; lines that can
--   not be read go to the temp tables csv_errors and csv_scans
-- Reads: the file
-- Takes: $path, $compression, $max_line_size
create or replace temp table well_formed_rows as
select
    row_number() over () as well_formed_row,
    line
from
    read_csv(
        $path,
        delim = chr(1),
        quote = '',
        escape = '',
        comment = '',
        header = false,
        columns = { 'line': 'VARCHAR' },
        auto_detect = false,
        strict_mode = false,
        compression = $compression,
        max_line_size = $max_line_size,
        store_rejects = true,
        rejects_limit = 0,
        rejects_table = 'csv_errors',
        rejects_scan = 'csv_scans'
    )
where trim(line) <> ''
