-- Gives: one row in store.payers per address that paid for the first time, with the exchange it paid first
-- Reads: store.payers
-- Takes: the relation first_payments
insert into store.payers
select
    p.chain,
    p.address_id,
    first(p.entity order by p.first_at, p.entity nulls first) as entity,
    null as other_at
from first_payments as p anti join store.payers as o on o.chain = p.chain and o.address_id = p.address_id
group by p.chain, p.address_id
