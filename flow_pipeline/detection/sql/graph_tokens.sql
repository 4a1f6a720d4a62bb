-- Gives: the temp table graph_tokens: one row per token whose transfers can be edges, of those asked for, with its
--   position in the graph.
-- Reads: intermediate.int_tokens__canonical
-- Takes: $tokens, token keys; NULL for all
create or replace temp table graph_tokens as
select
    token_id,
    token_key,
    dense_rank() over (order by token_key)::integer - 1 as position,
    chain,
    token_symbol,
    token_address,
    price_token,
    spoof_suspected,
    dense_rank() over (order by chain)::integer - 1 as chain_number
from intermediate.int_tokens__canonical
where is_summable and ($tokens is null or token_key in (select unnest($tokens::integer[])))
