-- Gives: one row per week and token, the latest week first
-- Reads: marts.fct_weekly_token_movement
-- Takes: $first_day, $last_day
select
    iso_week,
    coalesce(token_symbol, token_address) as token,
    chain,
    volume,
    transfer_count as transfers,
    net,
    previous_volume,
    volume_change,
    volume_change_share
from marts.fct_weekly_token_movement
where week_start between $first_day and $last_day
order by week_start desc, transfers desc, token, chain
