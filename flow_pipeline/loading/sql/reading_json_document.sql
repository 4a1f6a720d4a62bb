-- Gives: the temp table lines: one row per item of a JSON document that is a list, or one for the document
-- Reads: nothing stored
-- Takes: $document
create or replace temp table lines as
select
    generate_subscripts(items, 1) as line_row,
    unnest(items) as line
from (
    select case when json_type(doc) = 'ARRAY' then json_extract(doc, '$[*]') else [doc] end as items
    from (select $document::json as doc)
)
