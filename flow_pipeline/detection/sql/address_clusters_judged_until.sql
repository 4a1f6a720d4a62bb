-- Gives: one row: the end of the data before a day, of the chain that was furthest behind
-- Reads: store.transfers, intermediate.int_tokens__canonical
-- Takes: $day
with tokens as (
    select
        token_id,
        max(block_timestamp) as last_at
    from store.transfers
    where block_date < $day
    group by token_id
),

chains as (
    select max(last_at) as last_at
    from tokens inner join intermediate.int_tokens__canonical using (token_id)
    group by chain
)

select min(last_at) from chains
