-- Gives: one row in store.payers per address that paid for the first time, with the exchange it paid first and the time
--   at which it then first paid anybody else
-- Reads: store.payers
-- Takes: the relations first_payments, cluster_tokens, exchange_labels
insert into store.payers
with payments as (
    select
        chain_number,
        address_id,
        exchange,
        lead(first_at) over in_order as next_at,
        row_number() over in_order as place
    from first_payments
    window in_order as (partition by chain_number, address_id order by first_at, exchange nulls first)
),

payers as (
    select
        k.chain,
        p.address_id,
        e.entity,
        case when e.entity is not null then p.next_at end as other_at
    from payments as p
    inner join (
        select distinct
            chain,
            chain_number
        from cluster_tokens
    ) as k using (chain_number)
    left join (
        select distinct
            exchange,
            entity
        from exchange_labels
    ) as e using (exchange)
    where p.place = 1
)

select p.*
from payers as p anti join store.payers as o on o.chain = p.chain and o.address_id = p.address_id
