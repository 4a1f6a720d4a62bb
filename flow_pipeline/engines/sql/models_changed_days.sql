-- Gives: one row per day of which a model's table lost or gained rows in this build
-- Reads: what stood in the table before, what of it stays, and what was built, in the session
-- Takes: ${before}, ${kept} and ${built}
select distinct b.block_date
from ${before} as b
where
    not exists (
        select 1 from ${kept} as k
        where k.block_date = b.block_date
    )
union
select distinct n.block_date
from ${built} as n
