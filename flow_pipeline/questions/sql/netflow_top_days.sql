-- Gives: one row per series and day among the $top of its largest |z|
-- Reads: detection.netflow_scores
-- Takes: $scope, $top; $first, $last and $token, each null for all; ${mean}, ${std} and ${score}, columns of a method
select
    block_date,
    scope,
    chain,
    token_symbol,
    token_address,
    inflow,
    outflow,
    netflow,
    ${mean} as roll_mean,
    ${std} as roll_std,
    ${score} as zscore
from detection.netflow_scores
where
    scope_type = $scope
    and ${score} is not null
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
    and ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
qualify
    row_number() over (
        partition by scope, chain, token_symbol, token_address
        order by abs(${score}) desc, block_date
    ) <= $top
order by scope, token_symbol, chain, token_address, abs(${score}) desc, block_date
