-- Gives: one row per day and token that an entity moved on a chain, all its addresses together, latest day first
-- Reads: marts.fct_entity_clusters
-- Takes: $chain, $entity; $first and $last day, null for all
select
    block_date,
    token_symbol,
    token_address,
    address_count,
    deposit_address_count,
    inflow,
    outflow,
    netflow,
    internal,
    hot_wallet_count,
    cold_wallet_count
from marts.fct_entity_clusters
where
    chain = $chain
    and entity = $entity
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
order by block_date desc, token_symbol, token_address
