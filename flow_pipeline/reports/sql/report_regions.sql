-- Gives: one row per pair of regions, chain and token of a report's days, the most transfers first
-- Reads: marts.fct_daily_region_flow
-- Takes: $first_day, $last_day
select
    from_region,
    to_region,
    coalesce(token_symbol, token_address) as token,
    chain,
    sum(amount) as amount,
    sum(amount_usd) as amount_usd,
    sum(transfer_count)::bigint as transfers
from marts.fct_daily_region_flow
where block_date between $first_day and $last_day
group by from_region, to_region, chain, token_symbol, token_address
order by transfers desc, from_region, to_region, token, chain
