-- Gives: one row per label of an address on a chain, the surest first
-- Reads: marts.dim_address_labels
-- Takes: $chain, $address; $is_evm, whether a label of every chain holds on this one
select
    entity,
    category,
    label,
    entity_type,
    regions,
    risk_level,
    confidence,
    source,
    valid_from,
    nullif(valid_to, timestamp '9999-12-31') as valid_to,
    known_from
from marts.dim_address_labels
where address = $address and (chain = $chain or ($is_evm and chain = '*'))
order by confidence desc, entity, valid_from
