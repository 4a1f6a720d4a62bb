-- Gives: one row per payment on one side of an address that may have had many counterparties in a stretch of time and
--   was not known to, with the address at the other end, by token, address and time.
-- Reads: store.services
-- Takes: $counterparties, how many are many; ${payments} of that time, and what graph_payments takes; ${side} and
--   ${other}, from_id and to_id; ${moment}, since when it is known; the relation graph_tokens
with payments as (select * from ${payments}),

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
