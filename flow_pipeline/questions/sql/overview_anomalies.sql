-- Gives: one row per anomalous day of an exchange or of all, the ten strongest
-- Reads: detection.netflow_anomalies
select
    block_date,
    scope,
    token_symbol,
    netflow,
    e_value,
    zscore,
    method,
    direction,
    severity
from detection.netflow_anomalies
where scope_type <> 'wallet'
order by e_value nulls last, abs(netflow) desc, block_date, scope
limit 10
