-- Gives: one row per payment on one side of an address that may have had many counterparties within a stretch of time and
--   was not known to, with the address at the other end, by token, address and time.
-- Reads: store.transfers, store.services, intermediate.int_address_labels__intervals
-- Takes: $since, $until; $counterparties, how many are many; ${side} and ${other}, from_id and to_id; ${moment}, since
--   when it is known; the relation graph_tokens
with burners as (
    select
        chain,
        address_id,
        valid_from,
        valid_to
    from intermediate.int_address_labels__intervals
    where category = 'burn'
),

payments as (
    select
        k.position,
        f.${side} as address_id,
        f.${other} as other,
        f.block_timestamp
    from store.transfers as f
    inner join graph_tokens as k using (token_id)
    where
        f.is_edge and f.block_timestamp >= $since and f.block_timestamp < $until
        and not exists (
            select 1 from burners as b
            where b.chain = k.chain and b.address_id = f.from_id and holds_at(b.valid_from, b.valid_to, f.block_timestamp)
        )
        and not exists (
            select 1 from burners as b
            where b.chain = k.chain and b.address_id = f.to_id and holds_at(b.valid_from, b.valid_to, f.block_timestamp)
        )
),

known as (
    select
        k.position,
        s.address_id
    from store.services as s inner join graph_tokens as k using (token_key)
    where s.${moment} is not null
),

busy as (
    select
        position,
        address_id
    from payments anti join known using (position, address_id)
    group by all
    having count(*) >= $counterparties
)

select
    position,
    address_id,
    other,
    epoch_us(block_timestamp) as time
from payments semi join busy using (position, address_id)
order by position, address_id, time
