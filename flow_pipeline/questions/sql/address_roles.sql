-- Gives: one row per role that an address has by what it did, with the time since when
-- Reads: store.hubs, store.services, store.tokens, store.group_members
-- Takes: $chain, $address_id
select
    'hub' as role,
    min(h.since)::timestamp as since,
    null::varchar as name
from store.hubs as h
inner join store.tokens as t on h.token_key = t.token_id
where h.address_id = $address_id and t.chain = $chain and h.since is not null
having count(*) > 0
union all
select
    'service',
    min(s.since),
    null
from store.services as s
inner join store.tokens as t on s.token_key = t.token_id
where s.address_id = $address_id and t.chain = $chain and s.since is not null
having count(*) > 0
union all
select
    'group',
    valid_from,
    group_id
from store.group_members
where address_id = $address_id and chain = $chain
order by role, since, name
