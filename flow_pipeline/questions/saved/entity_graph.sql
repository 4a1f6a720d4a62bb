-- Gives: the graph around each entity, latest day first: its size, density, and the addresses that hold it together
-- Reads: detection.cluster_analysis
-- Takes: $entity text = null: the entity
--   $first date = null: first day
--   $last date = null: last day, included
select
    block_date,
    entity,
    chain,
    token_symbol,
    node_count,
    edge_count,
    density,
    flow_gini,
    bridges,
    severity
from detection.cluster_analysis
where
    ($entity is null or lower(entity) = lower($entity))
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
order by block_date desc, entity, chain, token_symbol
