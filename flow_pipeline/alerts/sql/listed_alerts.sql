-- Gives: one row per alert as it stands now, the first to read first
-- Reads: alerts
-- Takes: $status or 'all'; $severity, $rule and $first, each null for all; $after, the alert behind which the list goes
--   on whatever became of it, and $most rows, each null for all
with numbered as (
    select
        *,
        alert_status(change, part_of, told_at, snoozed_until, acknowledged_at) as status,
        row_number() over (
            order by
                alert_place(severity, rarity, stake_usd, content),
                coalesce(block_date, changed_at::date) desc,
                changed_at desc,
                alert_id
        ) as n
    from alerts
),

place_before as (
    select coalesce(max(n), 0) as n
    from numbered
    where alert_id = $after
)

select
    alert_id,
    severity,
    status,
    change,
    revision,
    rule,
    block_date,
    rarity,
    title,
    changed_at
from numbered
where
    ($severity is null or severity = $severity)
    and ($rule is null or rule = $rule or has_part_of(content, [$rule]))
    and ($status = 'all' or status = $status)
    and ($first is null or coalesce(block_date, changed_at::date) >= $first)
    and n > (select p.n from place_before as p)
order by n
limit $most
