-- Gives: one row per payment on one side of an address that may have had many counterparties in a stretch of time and
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

edges as (
    select
        k.position,
        k.chain,
        f.from_id,
        f.to_id,
        f.block_timestamp
    from store.transfers as f
    inner join graph_tokens as k using (token_id)
    where f.is_edge and f.block_timestamp >= $since and f.block_timestamp < $until
),

-- When is asked only of what had such a label at some time: a comparison of times for every payment costs the most.
payments as (
    select * from edges
    where
        from_id not in (select address_id from burners)
        and to_id not in (select address_id from burners)
    union all
    select e.*
    from (
        select * from edges
        where from_id in (select address_id from burners) or to_id in (select address_id from burners)
    ) as e
    where not exists (
        select 1 from burners as b
        where
            b.chain = e.chain and b.address_id in (e.from_id, e.to_id)
            and holds_at(b.valid_from, b.valid_to, e.block_timestamp)
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
        ${side} as address_id
    from payments
    group by all
    having count(*) >= $counterparties
)

select
    p.position,
    p.${side} as address_id,
    p.${other} as counterparty,
    epoch_us(p.block_timestamp) as time
from payments as p
inner join (from busy anti join known using (position, address_id)) as b
    on p.position = b.position and p.${side} = b.address_id
order by p.position, p.${side}, p.block_timestamp
