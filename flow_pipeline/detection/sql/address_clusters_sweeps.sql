-- Gives: one row per receipt or payment of a sweeper, by sweeper and time; receipts of one moment in the order of their
--   amounts, since ids depend on what was loaded first
-- Reads: store.transfers
-- Takes: the relations sweepers, cluster_tokens
with sweeps as (
    select
        u.n,
        k.token,
        f.block_timestamp,
        false as is_payment,
        f.amount,
        u.judged_until
    from store.transfers as f
    inner join cluster_tokens as k using (token_id)
    inner join sweepers as u on u.chain_number = k.chain_number and u.id = f.to_id
    where f.is_edge
    union all
    select
        u.n,
        k.token,
        f.block_timestamp,
        true,
        f.amount,
        u.judged_until
    from store.transfers as f
    inner join cluster_tokens as k using (token_id)
    inner join sweepers as u on u.chain_number = k.chain_number and u.id = f.from_id
    where f.is_edge
)

select
    n,
    token,
    epoch_us(block_timestamp) as moved_at,
    is_payment,
    amount,
    epoch_us(judged_until) as judged_until
from sweeps
order by n, moved_at, is_payment, amount
