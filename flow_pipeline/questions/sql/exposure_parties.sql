-- Gives: one row per address of a chain and stretch of time in which it is somebody: a member of a group of the file,
--   else whom its label names, else the exchange whose deposit address it is, else a service or hub by what it did
-- Reads: store.group_members, detection.groups, intermediate.int_address_labels__intervals, store.hubs,
--   store.services, store.tokens
-- Takes: $chain; $use_derived, whether deposit addresses count as their exchange
with members as (
    select
        m.address_id,
        m.valid_from,
        m.valid_to,
        g.name,
        lower(g.type) as category,
        g.origin
    from store.group_members as m
    inner join detection.groups as g using (group_id)
    where m.chain = $chain
),

of_file as (
    select * exclude (origin)
    from members
    where origin = 'file'
),

of_labels as (
    select
        i.address_id,
        i.valid_from,
        i.valid_to,
        i.entity as name,
        i.category
    from intermediate.int_address_labels__intervals as i
    where i.chain = $chain and i.address_id not in (select address_id from of_file)
),

derived as (
    select * exclude (origin)
    from members
    where
        $use_derived
        and address_id not in (select address_id from of_file)
        and address_id not in (select address_id from of_labels)
),

named as (
    select * from of_file
    union all
    select * from of_labels
    union all
    select * from derived
),

busy as (
    select
        b.address_id,
        min(b.since) as since
    from (
        select
            token_key,
            address_id,
            since::timestamp as since
        from store.hubs
        where since is not null
        union all
        select
            token_key,
            address_id,
            since
        from store.services
        where since is not null
    ) as b
    inner join store.tokens as t on b.token_key = t.token_id
    where t.chain = $chain and b.address_id not in (select address_id from named)
    group by b.address_id
),

parties as (
    select * from named
    union all
    select
        address_id,
        timestamp '1970-01-01' as valid_from,
        timestamp '9999-12-31' as valid_to,
        null as name,
        'unlabelled service' as category
    from busy
)

select
    *,
    dense_rank() over (order by category, name nulls last)::integer as number
from parties
