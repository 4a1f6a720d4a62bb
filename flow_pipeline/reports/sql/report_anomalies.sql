-- Gives: one row per netflow anomaly of a report's days, the largest score first
-- Reads: detection.netflow_anomalies
-- Takes: $first_day, $last_day
select
    block_date,
    scope,
    coalesce(token_symbol, token_address) as token,
    netflow,
    baseline_mean,
    baseline_std,
    zscore,
    direction,
    severity,
    method
from detection.netflow_anomalies
where block_date between $first_day and $last_day
order by abs(zscore) desc nulls last, abs(netflow) desc, scope
