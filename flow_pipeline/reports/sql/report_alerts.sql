-- Gives: one row per told and open alert about a report's days or about no day, the first to read first
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
    and coalesce(snoozed_until <= now()::timestamp, true)
    and told_at is not null
    and (block_date is null or block_date between $first_day and $last_day)
order by
    alert_place(severity, rarity, stake_usd, content),
    block_date desc,
    alert_id
