-- Gives: store.payers with the time at which an address that had paid one exchange first paid anybody else
-- Reads: store.payers
-- Takes: the relations first_payments, cluster_tokens, exchange_labels
update store.payers set other_at = o.first_at
from (
    select
        p.chain,
        p.address_id,
        min(f.first_at) as first_at
    from first_payments as f
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
    inner join store.payers as p on p.chain = k.chain and p.address_id = f.address_id
    where p.entity is not null and p.other_at is null and e.entity is distinct from p.entity
    group by all
) as o
where o.chain = payers.chain and o.address_id = payers.address_id
