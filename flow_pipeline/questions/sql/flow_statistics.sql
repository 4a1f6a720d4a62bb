-- Gives: one row: what became of the flows of a period
-- Reads: ops.flow_days
-- Takes: $first and $last, each null for all
select
    min(block_date) as first_day,
    max(block_date) as last_day,
    count(*) as days,
    sum(started)::bigint as started,
    sum(moved)::bigint as moved,
    sum(completed)::bigint as completed,
    sum(returned)::bigint as returned,
    sum(absorbed)::bigint as absorbed,
    sum(hop_limit)::bigint as hop_limit,
    sum(low_confidence)::bigint as low_confidence,
    sum(too_small)::bigint as too_small,
    sum(too_old)::bigint as too_old,
    sum(idle)::bigint as idle,
    sum(pruned)::bigint as pruned,
    sum(dropped)::bigint as dropped,
    max(active)::bigint as most_active
from ops.flow_days
where ($first is null or block_date >= $first) and ($last is null or block_date <= $last)
