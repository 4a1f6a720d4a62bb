-- Gives: one row per daily finding of a report's days that no other table of it shows, severest first
-- Reads: detection.daily_findings
-- Takes: $first_day, $last_day
select
    block_date,
    scope,
    coalesce(token_symbol, token_address) as token,
    detector,
    measure,
    value,
    baseline_mean,
    zscore,
    e_value,
    severity,
    reason
from detection.daily_findings
where
    block_date between $first_day and $last_day
    and detector not in ('netflow_anomaly', 'outflow_surge')
order by risk_rank(severity) desc, block_date desc, detector, scope, token, measure
