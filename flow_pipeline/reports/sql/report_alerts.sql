-- Gives: one row per told and open alert, those about a report's days or about no day first, then the first to read
-- Reads: ops.alerts
-- Takes: $first_day, $last_day
select
    severity,
    alert_id,
    rule,
    block_date,
    title,
    change
from ops.alerts
where
    change <> 'withdrawn'
    and acknowledged_at is null
    and coalesce(snoozed_until <= now()::timestamp, true)
    and told_at is not null
order by
    coalesce(block_date between $first_day and $last_day, true) desc,
    alert_place(severity, rarity, stake_usd, content),
    block_date desc,
    alert_id
