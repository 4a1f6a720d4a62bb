-- Gives: the name of an entity as labels spell it on a chain, the spelling asked for first
-- Reads: marts.dim_address_labels
-- Takes: $chain, $entity in any case; $is_evm, whether a label of every chain holds on this one
select entity
from marts.dim_address_labels
where lower(entity) = lower($entity) and (chain = $chain or ($is_evm and chain = '*'))
order by entity = $entity desc, entity
limit 1
