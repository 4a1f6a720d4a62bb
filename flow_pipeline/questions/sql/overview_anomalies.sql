-- Gives: one row per anomalous day of an exchange or of all, the ten strongest
-- Reads: detection.netflow_anomalies
select
    block_date,
    scope,
    token_symbol,
    netflow,
    zscore,
    method,
    direction,
    severity
from detection.netflow_anomalies
order by abs(coalesce(zscore, 0)) desc, abs(netflow) desc, block_date, scope
limit 10
