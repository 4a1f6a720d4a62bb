-- Gives: one row per spelling of a token of a chain, with its key and how it is shown
-- Reads: intermediate.int_tokens__canonical
-- Takes: $chain
select
    token_id,
    token_key,
    token_symbol,
    token_address
from intermediate.int_tokens__canonical
where chain = $chain
