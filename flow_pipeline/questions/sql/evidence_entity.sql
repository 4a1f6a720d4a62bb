-- Gives: one row per label of an entity
-- Reads: marts.dim_address_labels
-- Takes: $entity
select
    chain,
    address,
    entity,
    category,
    label,
    regions,
    risk_level,
    confidence,
    source,
    valid_from,
    valid_to
from marts.dim_address_labels
where lower(entity) = lower($entity)
order by chain, address, category, valid_from
