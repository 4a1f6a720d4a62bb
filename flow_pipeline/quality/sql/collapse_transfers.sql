-- Gives: how many transfers the days of the published file still have, no day more than it had
-- Reads: store.transfers, ${published}.store.day_hashes
-- Takes: ${published} (the catalog of the published file)
with days as (
    select
        block_date,
        count(*) as row_count
    from store.transfers
    group by block_date
)

select coalesce(sum(least(p.row_count, coalesce(d.row_count, 0))), 0)
from ${published}.store.day_hashes as p
left join days as d using (block_date)
