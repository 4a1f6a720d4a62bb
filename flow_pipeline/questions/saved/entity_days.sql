-- Gives: an entity with all its addresses: per day and token its flows, deposit and hot wallets, latest day first
-- Reads: marts.fct_entity_clusters
-- Takes: $entity text: the entity, such as Binance
select *
from marts.fct_entity_clusters
where lower(entity) = lower($entity)
order by block_date desc, chain, token_symbol, token_address
