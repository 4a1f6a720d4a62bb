-- Gives: the temp table staged_rows: one row per well-formed row with its place in the file, which is its own count
--   plus the malformed rows before it
-- Reads: the temp tables well_formed_rows and malformed_rows
create or replace temp table staged_rows as
with shifts as (
    select
        source_row - row_number() over (order by source_row) as last_before,
        row_number() over (order by source_row) as shift
    from malformed_rows
),

steps as (
    select
        last_before + 1 as first_after,
        max(shift) as shift
    from shifts
    group by last_before
)

select
    a.well_formed_row + coalesce(s.shift, 0) as source_row,
    a.* exclude (well_formed_row)
from well_formed_rows as a
asof left join steps as s on a.well_formed_row >= s.first_after
