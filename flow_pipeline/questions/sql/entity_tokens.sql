-- Gives: one row per token that an entity moved on a chain, with its sums over all days, most days first
-- Reads: marts.fct_entity_clusters
-- Takes: $chain, $entity
select
    token_symbol,
    token_address,
    count(*) as days,
    min(block_date) as first_day,
    max(block_date) as last_day,
    sum(inflow) as inflow,
    sum(outflow) as outflow,
    sum(netflow) as netflow,
    sum(internal) as internal
from marts.fct_entity_clusters
where chain = $chain and entity = $entity
group by token_symbol, token_address
order by days desc, token_symbol, token_address
