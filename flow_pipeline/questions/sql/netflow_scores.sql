-- Gives: one row per series of an exchange or of all exchanges and day, with its scores, latest day first
-- Reads: detection.netflow_scores
-- Takes: $first, $last and $token, each null for all
select *
from detection.netflow_scores
where
    scope_type <> 'wallet'
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
    and ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
order by block_date desc, scope
