-- Gives: what changed with each publication: tables whose content is not that of the one before, latest first
-- Reads: ops.publications
select
    run_id,
    published_at,
    table_name,
    row_count
from ops.publications
qualify lag(content_hash) over (partition by table_name order by run_id) is distinct from content_hash
order by run_id desc, table_name
