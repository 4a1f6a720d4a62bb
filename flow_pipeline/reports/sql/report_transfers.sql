-- Gives: one row: transfers, tokens and US dollars of a report's days
-- Reads: marts.fct_daily_region_flow
-- Takes: $first_day, $last_day
select
    sum(transfer_count)::bigint as transfers,
    count(distinct row(chain, token_symbol, token_address)) as tokens,
    sum(amount_usd) as usd
from marts.fct_daily_region_flow
where block_date between $first_day and $last_day
