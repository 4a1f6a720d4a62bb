-- Gives: the temp table lines: one row per block, in their order
-- Reads: the relation documents
create or replace temp table lines as
select
    row_number() over () as line_row,
    document::json as line
from documents
