-- Gives: the temp table pool_swaps: one row per transaction and pool in it: who gives one token, gets another and has
--   never sent a transaction itself.
-- Reads: raw.transactions, store.addresses, store.wallets
-- Takes: $first; the relations parties, party_transactions, swaps
create or replace temp table pool_swaps as
with passive as (
    select distinct
        a.address_id,
        a.address
    from parties as p
    inner join party_transactions as x on x.chain = p.chain and x.tx_hash = p.tx_hash
    inner join store.addresses as a on a.address_id = p.id
    where p.gives = 1 and p.gets = 1 and p.id is distinct from x.sender_id
),

-- Who sent before the first day is a known wallet, so that earlier transactions are searched for those few only.
senders as (
    select
        chain,
        from_address,
        min(block_timestamp) as since
    from (
        select *
        from raw.transactions
        where block_timestamp >= $first and from_address in (select address from passive)
        union all
        select *
        from raw.transactions
        where
            block_timestamp < $first
            and from_address in (
                select address
                from passive
                semi join (
                    select address_id
                    from store.wallets
                    where first_day < $first
                ) using (address_id)
            )
    )
    group by all
)

select
    p.chain,
    p.tx_hash,
    p.block_number,
    p.block_timestamp,
    p.block_date,
    p.id as pool_id,
    p.gave_key,
    p.gave_amount,
    p.gave_usd,
    p.got_key,
    p.got_amount,
    p.got_usd,
    x.transaction_index,
    x.sender_id,
    x.gas_usd,
    coalesce(t.id, x.sender_id) as wallet_id
from parties as p
inner join party_transactions as x on x.chain = p.chain and x.tx_hash = p.tx_hash
left join swaps as t on t.chain = p.chain and t.tx_hash = p.tx_hash
inner join store.addresses as a on a.address_id = p.id
left join senders as s on s.chain = p.chain and s.from_address = a.address and s.since <= p.block_timestamp
where
    p.gives = 1
    and p.gets = 1
    and p.id is distinct from t.id
    and p.id is distinct from x.sender_id
    and s.chain is null
