-- Gives: new numbers in malformed_rows: rows that have a negative one, by their line, follow the rows of the file
-- Reads: the temp tables staged_rows and malformed_rows
update malformed_rows set source_row = (select count(*) from staged_rows) + o.place
from (
    select
        source_row,
        row_number() over (order by source_row desc) as place
    from malformed_rows
) as o
where malformed_rows.source_row = o.source_row
