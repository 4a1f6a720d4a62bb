-- Gives: the ids of a token's spellings on a chain, by its symbol or contract
-- Reads: the names of tokens
-- Takes: ${tokens}, a relation like intermediate.int_tokens__canonical; $chain, $token
select token_id
from ${tokens}
where chain = $chain and (lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
order by token_id
