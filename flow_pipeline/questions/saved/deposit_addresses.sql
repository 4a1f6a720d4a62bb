-- Gives: deposit addresses of exchanges, each with its evidence
-- Reads: detection.address_clusters
-- Takes: $entity text = null: the exchange
select
    entity,
    chain,
    address,
    confidence,
    known_from,
    evidence
from detection.address_clusters
where
    kind = 'exchange_deposit'
    and ($entity is null or lower(entity) = lower($entity))
order by entity, confidence desc, chain, address
