-- Gives: one row per series and day among the $top of its smallest E
-- Reads: detection.netflow_scores
-- Takes: $scope, $top; $first, $last and $token, each null for all
select
    block_date,
    scope,
    chain,
    token_symbol,
    token_address,
    inflow,
    outflow,
    netflow,
    rank_median,
    rank_deviation,
    rank_days,
    e_value
from detection.netflow_scores
where
    scope_type = $scope
    and e_value is not null
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
    and ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
qualify
    row_number() over (
        partition by scope, chain, token_symbol, token_address
        order by e_value, rank_deviation desc, block_date
    ) <= $top
order by scope, token_symbol, chain, token_address, e_value, rank_deviation desc, block_date
