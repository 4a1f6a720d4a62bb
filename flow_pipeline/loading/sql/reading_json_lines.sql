-- Gives: the temp table lines: one row per line of a JSON Lines file that is one object; other lines are left out
-- Reads: the file
-- Takes: $path, $compression, $max_line_size
create or replace temp table lines as
select case when json_valid(line) then line::json end as line
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
        ignore_errors = true
    )
where json_valid(line) and ltrim(line) like '{%'
