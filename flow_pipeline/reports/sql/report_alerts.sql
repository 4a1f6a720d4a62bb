-- Gives: one row per told and open alert about a report's days or about no day, the severest first
-- Reads: ops.alerts
-- Takes: $first_day, $last_day
select
    severity,
    rule,
    block_date,
    title,
    change,
    alert_id
from ops.alerts
where
    change <> 'withdrawn'
    and acknowledged_at is null
    and told_at is not null
    and (block_date is null or block_date between $first_day and $last_day)
order by
    case severity when 'CRITICAL' then 1 when 'HIGH' then 2 else 3 end,
    rarity is null desc,
    stake_usd desc nulls last,
    rarity,
    block_date desc,
    alert_id
