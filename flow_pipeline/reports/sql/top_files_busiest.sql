-- Gives: one row: the token with the most active days among those of a name
-- Reads: detection.netflow_scores
-- Takes: $token, a symbol or a contract, null for all
select
    chain,
    token_symbol,
    token_address
from detection.netflow_scores
where
    scope_type = 'total'
    and ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
group by all
order by count(*) filter (where is_active) desc, token_symbol, chain, token_address
limit 1
