-- Gives: one row: how many alerts are open, of all days, how many of them are critical or about a report's days, how
--   many wait to be told, and which is the first
-- Reads: ops.alerts
-- Takes: $first_day, $last_day
with unanswered as (
    select
        *,
        row_number() over (
            order by
                told_at is null,
                alert_place(severity, rarity, stake_usd, content),
                block_date desc,
                alert_id
        ) as place
    from ops.alerts
    where
        change <> 'withdrawn'
        and acknowledged_at is null
        and part_of is null
        and coalesce(snoozed_until <= now()::timestamp, true)
)

select
    count(*) filter (where told_at is not null) as alerts,
    count(*) filter (where told_at is not null and severity = 'CRITICAL') as critical,
    count(*) filter (where told_at is not null and block_date between $first_day and $last_day) as about_now,
    count(*) filter (where told_at is null) as waiting,
    any_value(title) filter (where place = 1) as first_title,
    any_value(alert_id) filter (where place = 1) as first_id
from unanswered
