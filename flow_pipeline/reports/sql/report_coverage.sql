-- Gives: one row: shares of a report's transfers with a known region at one end, and with a labelled receiver
-- Reads: marts.fct_daily_region_flow, marts.fct_daily_destinations
-- Takes: $first_day, $last_day
select
    sum(transfer_count) filter (where from_region <> 'UNKNOWN' or to_region <> 'UNKNOWN')::double
    / sum(transfer_count) as with_region,
    (
        select sum(transfer_count) filter (where entity is not null)::double / sum(transfer_count)
        from marts.fct_daily_destinations
        where block_date between $first_day and $last_day
    ) as to_labelled
from marts.fct_daily_region_flow
where block_date between $first_day and $last_day
