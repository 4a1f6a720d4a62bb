-- Gives: one row per day and token: the days of the largest inclusive score of all exchanges together
-- Reads: detection.netflow_scores
-- Takes: $first_day, $last_day, $top_k
select
    block_date,
    coalesce(token_symbol, token_address) as token,
    netflow,
    inflow,
    outflow,
    inclusive_mean,
    inclusive_std,
    z_inclusive
from detection.netflow_scores
where scope_type = 'total' and z_inclusive is not null and block_date between $first_day and $last_day
order by abs(z_inclusive) desc, block_date, token
limit $top_k
