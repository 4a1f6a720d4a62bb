-- Gives: one row per outflow surge, latest first
-- Reads: detection.outflow_surges
-- Takes: $first, $last and $token, each null for all
select *
from detection.outflow_surges
where
    ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
    and ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
order by block_date desc, excess desc
