-- Gives: the temp table stops: one row per token, address and stretch of time in which no path passes through it.
-- Reads: intermediate.int_address_labels__intervals, store.hubs, store.services
-- Takes: $categories; the relation graph_tokens
create or replace temp table stops as
with tokens as (
    select distinct
        position,
        chain,
        token_key
    from graph_tokens
)

select
    k.position,
    i.address_id,
    i.valid_from as since,
    i.valid_to as until
from intermediate.int_address_labels__intervals as i
inner join tokens as k using (chain)
where i.category in (select unnest($categories))
union all
select
    k.position,
    h.address_id,
    h.since,
    timestamp 'infinity'
from store.hubs as h inner join tokens as k using (token_key)
where h.since is not null
union all
select
    k.position,
    s.address_id,
    s.since,
    timestamp 'infinity'
from store.services as s inner join tokens as k using (token_key)
where s.since is not null
