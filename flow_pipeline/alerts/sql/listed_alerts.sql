-- Gives: one row per alert as it stands now, the first to read first
-- Reads: alerts
-- Takes: $status or 'all'; $severity, $rule and $first, each null for all
select
    alert_id,
    severity,
    alert_status(change, part_of, told_at, snoozed_until, acknowledged_at) as status,
    change,
    revision,
    rule,
    block_date,
    rarity,
    title,
    changed_at
from alerts
where
    ($severity is null or severity = $severity)
    and ($rule is null or rule = $rule or has_part_of(content, [$rule]))
    and ($status = 'all' or alert_status(change, part_of, told_at, snoozed_until, acknowledged_at) = $status)
    and ($first is null or coalesce(block_date, changed_at::date) >= $first)
order by
    alert_place(severity, rarity, stake_usd, content),
    coalesce(block_date, changed_at::date) desc,
    changed_at desc,
    alert_id
