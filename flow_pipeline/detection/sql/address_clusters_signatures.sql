-- Gives: the temp table signatures: one row per transaction of several senders and sender, with the sender before it in
--   the transaction; left out are those that look like a CoinJoin, with enough senders and enough receivers of one same
--   amount
-- Reads: nothing
-- Takes: $equal_outputs; the relation spendings
create or replace temp table signatures as
with received as (
    select
        tx_hash,
        to_id,
        sum(amount) as amount
    from spendings
    where receiver <> 'fees'
    group by all
),

coinjoins as (
    select distinct o.tx_hash
    from (
        select
            tx_hash,
            amount
        from received
        group by all
        having count(*) >= $equal_outputs
    ) as o
    semi join (
        select tx_hash
        from spendings
        group by tx_hash
        having count(distinct from_id) >= $equal_outputs
    ) as i using (tx_hash)
)

select
    chain,
    tx_hash,
    from_id,
    min(sender) as sender,
    min(block_timestamp) as signed_at,
    lag(from_id) over (partition by tx_hash order by from_id) as signed_with
from spendings anti join coinjoins using (tx_hash)
group by chain, tx_hash, from_id
qualify count(*) over (partition by tx_hash) > 1
