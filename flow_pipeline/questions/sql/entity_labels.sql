-- Gives: one row per category that labels give an entity on a chain, the surest first
-- Reads: marts.dim_address_labels
-- Takes: $chain, $entity; $is_evm, whether a label of every chain holds on this one
select
    category,
    any_value(entity_type) as entity_type,
    count(distinct address) as addresses,
    list_sort(list_distinct(flatten(list(regions)))) as regions,
    risk_level(max(risk_rank(risk_level))) as risk_level,
    max(confidence) as confidence,
    list(distinct source order by source) as sources
from marts.dim_address_labels
where entity = $entity and (chain = $chain or ($is_evm and chain = '*'))
group by category
order by confidence desc, addresses desc, category
