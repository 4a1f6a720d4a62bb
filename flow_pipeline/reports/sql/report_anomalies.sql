-- Gives: one row per netflow anomaly of a report's days, the rarest first; single wallets are left out
-- Reads: detection.netflow_anomalies
-- Takes: $first_day, $last_day
select
    block_date,
    scope,
    coalesce(token_symbol, token_address) as token,
    netflow,
    baseline_mean,
    e_value,
    zscore,
    direction,
    severity,
    method
from detection.netflow_anomalies
where scope_type <> 'wallet' and block_date between $first_day and $last_day
order by e_value nulls last, abs(netflow) desc, scope
