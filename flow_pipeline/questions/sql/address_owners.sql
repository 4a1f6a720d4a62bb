-- Gives: one row per cluster that an address belongs to: whose deposit address it is, with whom it signs, its label
-- Reads: detection.address_clusters
-- Takes: $chain, $address
select
    kind,
    cluster_id,
    entity,
    confidence,
    source,
    known_from,
    known_to,
    evidence
from detection.address_clusters
where chain = $chain and address = $address
order by kind = 'label', confidence desc, known_from, cluster_id
