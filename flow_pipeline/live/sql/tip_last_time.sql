-- Gives: one row: the time of the last block, or transfer, of a source
-- Reads: live.blocks, live.rows
-- Takes: $source
with times as (
    select max(block_timestamp) as last_time
    from live.blocks
    where source = $source
    union all
    select max(block_timestamp) as last_time
    from live.rows
    where source = $source
)

select max(last_time) as last_time
from times
