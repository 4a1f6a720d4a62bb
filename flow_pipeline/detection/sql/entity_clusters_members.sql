-- Gives: the temp table cluster_members: one row per chain, address and stretch of time in which it belongs to an
--   entity, with numbers of the chain and the entity; no stretches of one address overlap; a wallet is a labelled
--   address of an exchange
-- Reads: intermediate.int_address_labels__intervals, store.address_clusters
create or replace temp table cluster_members as
with labelled as (
    select
        chain,
        address_id,
        entity,
        category,
        coalesce(region, 'UNKNOWN') as region,
        valid_from,
        valid_to,
        false as is_deposit,
        category = 'exchange' as is_wallet
    from intermediate.int_address_labels__intervals
    where category <> 'burn'
),

members as (
    select * from labelled
    union all
    select
        c.chain,
        c.address_id,
        c.entity,
        'exchange',
        coalesce(e.region, 'UNKNOWN'),
        c.known_from,
        coalesce(c.known_to, timestamp 'infinity'),
        true,
        false
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
),

chains as (
    select
        chain,
        row_number() over ()::integer as chain_number
    from (select distinct chain from members)
),

entities as (
    select
        entity,
        row_number() over ()::integer as owner
    from (select distinct entity from members)
)

select
    m.*,
    c.chain_number,
    e.owner
from members as m
inner join chains as c using (chain)
inner join entities as e using (entity)
