-- Gives: one more row in flow_members per deposit address of an exchange that is a group; only addresses without any
--   label become deposit addresses, so that these never stand against one
-- Reads: store.address_clusters
-- Takes: the relation flow_members
insert into flow_members
select
    c.entity,
    c.chain,
    c.address_id,
    c.known_from,
    coalesce(c.known_to, timestamp '9999-12-31'),
    g.number
from store.address_clusters as c
inner join (
    select distinct
        group_id,
        number
    from flow_members
) as g on g.group_id = c.entity
where
    c.kind = 'exchange_deposit'
    and not exists (
        select 1 from flow_members as f
        where f.chain = c.chain and f.address_id = c.address_id
    )
