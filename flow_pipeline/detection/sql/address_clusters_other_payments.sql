-- Gives: store.payers with the time at which an address that paid one exchange first paid anybody else
-- Reads: store.payers
-- Takes: the relation first_payments
update store.payers set other_at = o.first_at
from (
    select
        f.chain,
        f.address_id,
        min(f.first_at) as first_at
    from first_payments as f inner join store.payers as p using (chain, address_id)
    where p.entity is not null and p.other_at is null and f.entity is distinct from p.entity
    group by all
) as o
where o.chain = payers.chain and o.address_id = payers.address_id
