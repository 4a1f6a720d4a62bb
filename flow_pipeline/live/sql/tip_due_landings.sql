-- Gives: one row per source and day whose transfers are all final and not all landed
-- Reads: live.rows, live.sources, live.blocks
-- Takes: $grace, $now
-- A chain's day is over when a final block is of a later one; a stream's when what comes is of later days, or when
-- nothing comes any more.
with reached as (
    select
        s.source,
        case
            when s.has_blocks
                then
                    (
                        select max(b.block_timestamp)
                        from live.blocks as b
                        where b.source = s.source and b.number <= s.final
                    )
            when s.arrived_at < $now - $grace then $now - $grace
            else (select max(r.block_timestamp) from live.rows as r where r.source = s.source) - $grace
        end as until
    from live.sources as s
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
