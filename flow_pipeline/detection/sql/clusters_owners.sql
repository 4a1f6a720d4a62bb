-- Gives: the temp table cluster_owners: one row per label of an address and stretch of time, burn left out, with
--   numbers of the chain, of the entity and, in the order of their names, of the category
-- Reads: intermediate.int_address_labels__intervals
create or replace temp table cluster_owners as
select
    chain,
    address_id,
    valid_from,
    valid_to,
    entity,
    category,
    (dense_rank() over (order by chain))::integer as chain_number,
    (dense_rank() over (order by entity))::integer as owner,
    (dense_rank() over (order by category))::integer as category_number
from intermediate.int_address_labels__intervals
where category <> 'burn'
