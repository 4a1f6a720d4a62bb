-- Gives: one row per row of a part of a file that is no transfer, with its reason and its text, by its place
-- Reads: the relation judged_rows, the temp tables staged_rows, malformed_rows
select
    reason,
    raw_text
from (
    select
        source_row,
        j.reason,
        s.raw_text
    from judged_rows as j
    inner join staged_rows as s using (source_row)
    where j.reason is not null
    union all
    select
        source_row,
        message,
        raw_text
    from malformed_rows
)
order by source_row
