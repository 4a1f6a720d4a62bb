-- Gives: one row per outflow surge of a report's days, the rarest first
-- Reads: detection.outflow_surges
-- Takes: $first_day, $last_day
select
    block_date,
    scope,
    coalesce(token_symbol, token_address) as token,
    outflow,
    baseline_mean,
    excess,
    e_value,
    rule,
    severity
from detection.outflow_surges
where block_date between $first_day and $last_day
order by e_value nulls last, excess desc, scope, token
