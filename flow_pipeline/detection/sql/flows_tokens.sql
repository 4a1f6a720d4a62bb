-- Gives: the temp table flow_tokens: one row per spelling of a token, with a number per token and whether the clock
--   of its chain is blocks
-- Reads: intermediate.int_tokens__canonical
-- Takes: $bitcoin_chains
create or replace temp table flow_tokens as
select
    token_id,
    token_key,
    dense_rank() over (order by token_key)::integer - 1 as number,
    chain,
    token_symbol,
    chain in (select unnest($bitcoin_chains)) as is_bitcoin
from intermediate.int_tokens__canonical
where is_summable
