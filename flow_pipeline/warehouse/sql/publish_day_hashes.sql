-- Gives: fills store.day_hashes: one row per day to rebuild, with count and sum of hashes of its transfers
-- Reads: store.transfers, store.tokens, store.addresses, store.dirty_days
insert into store.day_hashes
with dirty as (
    select *
    from store.transfers
    where block_date in (select block_date from store.dirty_days)
),

ends as materialized (
    select
        address_id,
        hash(address) as address_hash
    from store.addresses
    where
        address_id in (
            select from_id from dirty
            union all
            select to_id from dirty
        )
),

tokens as (
    select
        token_id,
        hash(chain, token_address, token_symbol) as token_hash
    from store.tokens
)

select
    f.block_date,
    count(*),
    sum(
        hash(
            f.tx_hash,
            f.transfer_index,
            f.block_timestamp,
            f.block_number,
            f.amount,
            f.amount_usd,
            t.token_hash,
            s.address_hash,
            r.address_hash
        )::hugeint
    )
from dirty as f
inner join tokens as t on t.token_id = f.token_id
inner join ends as s on s.address_id = f.from_id
inner join ends as r on r.address_id = f.to_id
group by f.block_date
