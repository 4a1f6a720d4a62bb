-- Gives: the temp table lines: one row per object of a JSON document, which is a list of them, holds such a list under
--   a known key, or is one itself
-- Reads: nothing stored
-- Takes: $document, ${list_under_key} (the list under the first key of doc that holds one, NULL where none does)
create or replace temp table lines as
select
    generate_subscripts(items, 1) as line_row,
    unnest(items) as line
from (
    select
        case
            when json_type(doc) = 'ARRAY' then doc::json[]
            else coalesce(${list_under_key}, [doc])
        end as items
    from (select $document::json as doc)
)
