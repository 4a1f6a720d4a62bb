-- Gives: one row per receipt or payment of a sweeper, by sweeper and time; receipts of one moment in the order of their
--   amounts, since ids depend on what was loaded first
-- Reads: store.transfers
-- Takes: the relations sweepers, sweeper_tokens
with transfers as materialized (
    select *
    from store.transfers
    where is_edge and (from_id in (select id from sweepers) or to_id in (select id from sweepers))
),

sweeps as (
    select
        u.n,
        k.token,
        f.block_timestamp,
        false as is_payment,
        f.amount
    from transfers as f
    inner join sweeper_tokens as k using (token_id)
    inner join sweepers as u on u.chain_number = k.chain_number and u.id = f.to_id
    union all
    select
        u.n,
        k.token,
        f.block_timestamp,
        true,
        f.amount
    from transfers as f
    inner join sweeper_tokens as k using (token_id)
    inner join sweepers as u on u.chain_number = k.chain_number and u.id = f.from_id
)

select
    n,
    token,
    epoch_us(block_timestamp) as moved_at,
    is_payment,
    amount
from sweeps
order by n, moved_at, is_payment, amount
