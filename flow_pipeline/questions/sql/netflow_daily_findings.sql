-- Gives: one row per day that a daily detector flagged, latest first
-- Reads: detection.daily_findings
-- Takes: $detector, and $first, $last and $token, each null for all
select *
from detection.daily_findings
where
    detector = $detector
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
    and ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
order by
    block_date desc,
    e_value nulls last,
    abs(zscore) desc nulls last,
    chain,
    token_symbol,
    token_address,
    scope,
    measure
