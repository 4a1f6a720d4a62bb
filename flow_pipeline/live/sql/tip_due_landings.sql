-- Gives: one row per source and day whose transfers are all final and not all landed
-- Reads: live.rows, live.sources, live.blocks
-- Takes: $grace, $now
-- A chain's day is over when a final block is of a later one; a stream's when what comes is of later days, or when
-- nothing comes any more.
with final_blocks as (
    select
        b.source,
        max(b.block_timestamp) as until
    from live.blocks as b
    inner join live.sources as s using (source)
    where b.number <= s.final
    group by b.source
),

last_rows as (
    select
        source,
        max(block_timestamp) as last_time
    from live.rows
    group by source
),

reached as (
    select
        s.source,
        case
            when s.has_blocks then f.until
            when s.arrived_at < $now - $grace then $now - $grace
            else l.last_time - $grace
        end as until
    from live.sources as s
    left join final_blocks as f using (source)
    left join last_rows as l using (source)
)

select
    r.source,
    r.chain,
    r.block_date,
    max(r.seq) as last_seq
from live.rows as r
inner join reached as k using (source)
where not r.is_landed
group by r.source, r.chain, r.block_date, k.until
having r.block_date + interval 1 day <= k.until
order by r.source, r.block_date
