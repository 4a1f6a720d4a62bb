-- Gives: one row per token with transfers of unknown amount on a report's days
-- Reads: marts.fct_daily_region_flow
-- Takes: $first_day, $last_day
select
    coalesce(token_symbol, token_address) as token,
    chain,
    sum(unknown_amount_count)::bigint as transfers
from marts.fct_daily_region_flow
where block_date between $first_day and $last_day
group by chain, token_symbol, token_address
having sum(unknown_amount_count) > 0
order by transfers desc, token, chain
