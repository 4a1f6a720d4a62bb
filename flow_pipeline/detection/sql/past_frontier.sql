-- Gives: the temp table frontier: one row per transfer of a step back whose sender may have passed money on, with
--   bounds of the amounts that may have become its own.
-- Reads: nothing stored
-- Takes: $step, $low, $high; the relations path_transfers, stops
-- Exact bounds, worked out once per transfer: floats of all that is compared would take most of the time. A float's
-- bound is rounded to the least unit; no transfer reaches 10^18.
create or replace temp table frontier as
select
    r.*,
    try_cast(r.amount::double / $high as decimal(38, 18)) - 0.000000000000000001::decimal(38, 18) as least,
    coalesce(try_cast(r.amount::double / $low as decimal(38, 18)), 1e19::decimal(38, 18))
    + 0.000000000000000001::decimal(38, 18) as most
from path_transfers as r
where r.step = $step and not exists (
    select 1 from stops as s
    where s.position = r.position and s.address_id = r.from_id and holds_at(s.since, s.until, r.block_timestamp)
)
