-- Gives: one row per token and receiver among its first $top, tokens with the most transfers first
-- Reads: marts.fct_daily_destinations
-- Takes: $top, $by (amount or count); $first, $last and $token, each null for all
select
    row_number() over (
        partition by chain, token_symbol, token_address
        order by
            case when $by = 'amount' then sum(amount) end desc nulls last,
            case when $by = 'count' then sum(transfer_count) end desc,
            to_address
    ) as rank,
    chain,
    token_symbol,
    token_address,
    to_address,
    arg_max(entity, block_date) as entity,
    arg_max(category, block_date) as category,
    arg_max(regions, block_date) as regions,
    sum(amount) as amount,
    sum(transfer_count)::bigint as transfer_count,
    sum(amount)::double
    / nullif(sum(sum(amount)) over (partition by chain, token_symbol, token_address), 0) as amount_share
from marts.fct_daily_destinations
where
    ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
    and ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
group by chain, token_symbol, token_address, to_address
qualify rank <= $top
order by
    sum(sum(transfer_count)) over (partition by chain, token_symbol, token_address) desc,
    chain,
    token_symbol,
    token_address,
    rank
