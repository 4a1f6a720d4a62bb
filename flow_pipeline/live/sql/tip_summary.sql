-- Gives: one row per source: how far it is read, how final it is, what was lost to reorganisations
-- Reads: live.sources, live.rows, live.blocks
-- Takes: nothing
select
    s.source,
    s.chain,
    coalesce(max(b.number), max(r.last_block)) as last_block,
    coalesce(max(b.block_timestamp), max(r.last_time)) as last_timestamp,
    s.safe,
    s.final,
    s.head,
    s.head_timestamp,
    coalesce(max(r.transfers), 0) as transfers,
    coalesce(max(r.waiting), 0) as not_landed,
    s.reorganisations,
    s.deepest
from live.sources as s
left join live.blocks as b using (source)
left join (
    select
        source,
        count(*) as transfers,
        count(*) filter (where not is_landed) as waiting,
        max(block_number) as last_block,
        max(block_timestamp) as last_time
    from live.rows
    group by source
) as r using (source)
group by all
order by s.source
