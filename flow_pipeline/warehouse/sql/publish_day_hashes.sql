-- Gives: fills store.day_hashes: one row per day to rebuild, with count and sum of hashes of its transfers
-- Reads: store.transfers, store.tokens, store.addresses, store.dirty_days
insert into store.day_hashes
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
from store.transfers as f
inner join
    (
        select
            token_id,
            hash(chain, token_address, token_symbol) as token_hash
        from store.tokens
    ) as t
    on t.token_id = f.token_id
inner join
    (
        select
            address_id,
            hash(address) as address_hash
        from store.addresses
    ) as s
    on s.address_id = f.from_id
inner join
    (
        select
            address_id,
            hash(address) as address_hash
        from store.addresses
    ) as r
    on r.address_id = f.to_id
where f.block_date in (select block_date from store.dirty_days)
group by f.block_date
