-- Gives: one row: the time of the last block, or transfer, of a source
-- Reads: live.blocks, live.rows
-- Takes: $source
select
    greatest(
        (select max(b.block_timestamp) from live.blocks as b where b.source = $source),
        (select max(r.block_timestamp) from live.rows as r where r.source = $source)
    ) as last_time
