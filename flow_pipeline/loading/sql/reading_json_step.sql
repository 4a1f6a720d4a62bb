-- Gives: the temp table lines anew: one row per value one step inside the lines there were, in their order
-- Reads: the temp table lines
-- Takes: ${item} (the value inside a line), ${kind} (its type where it is one), ${rows} (its rows)
create or replace temp table lines as
select
    row_number() over () as line_row,
    line
from (
    select ${rows} as line
    from (
        select line from lines
        where json_type(${item}) = ${kind}
        order by line_row
    )
)
where json_type(line) = 'OBJECT'
