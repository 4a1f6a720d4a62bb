-- Gives: the temp table cluster_members: one row per chain, address and stretch of time in which it belongs to an
--   entity; no stretches of one address overlap
-- Reads: intermediate.int_address_labels__intervals, store.address_clusters
create or replace temp table cluster_members as
select
    chain,
    address_id,
    address,
    entity,
    category,
    coalesce(region, 'UNKNOWN') as region,
    valid_from,
    valid_to,
    false as is_deposit
from intermediate.int_address_labels__intervals
where category <> 'burn'
union all
select
    c.chain,
    c.address_id,
    null,
    c.entity,
    'exchange',
    coalesce(e.region, 'UNKNOWN'),
    c.known_from,
    coalesce(c.known_to, timestamp 'infinity'),
    true
from store.address_clusters as c
left join (
    select
        entity,
        min(region) as region
    from intermediate.int_address_labels__intervals
    where category = 'exchange'
    group by entity
) as e using (entity)
where c.kind = 'exchange_deposit'
