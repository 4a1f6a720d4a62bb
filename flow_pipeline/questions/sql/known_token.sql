-- Gives: one row when a token is known by symbol or contract
-- Reads: intermediate.int_tokens__canonical
-- Takes: $token
select 1 as is_known
from intermediate.int_tokens__canonical
where lower(token_symbol) = lower($token) or lower(token_address) = lower($token)
limit 1
