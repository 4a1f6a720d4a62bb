-- Gives: the temp table cluster_tokens: one row per spelling of a token that can be summed, with the end of its chain's
--   data and numbers of the token and the chain: what is sorted by numbers is sorted in half the time
-- Reads: store.transfers, intermediate.int_tokens__canonical
create or replace temp table cluster_tokens as
with tokens as (
    select
        token_id,
        max(block_timestamp) as last_at
    from store.transfers
    group by token_id
),

chains as (
    select
        chain,
        max(last_at) as last_at
    from tokens inner join intermediate.int_tokens__canonical using (token_id)
    group by chain
)

select
    k.token_id,
    dense_rank() over (order by k.token_key)::integer - 1 as token,
    dense_rank() over (order by k.chain)::integer as chain_number,
    k.chain,
    c.last_at
from intermediate.int_tokens__canonical as k inner join chains as c using (chain)
where k.is_summable
