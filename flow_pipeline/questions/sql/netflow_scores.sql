-- Gives: one row per series and day with its scores, latest day first: of exchanges and of all together, or of wallets
-- Reads: detection.netflow_scores
-- Takes: $wallets (whether wallets); $first, $last and $token, each null for all
select *
from detection.netflow_scores
where
    (scope_type = 'wallet') = $wallets
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
    and ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
order by block_date desc, scope
