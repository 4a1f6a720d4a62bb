-- Gives: the temp table hub_candidates: one row per token and address that now has transfers enough to be a hub.
-- Reads: store.degrees, store.hubs
-- Takes: $degree; the relations graph_tokens, new_degrees
create or replace temp table hub_candidates as
with changed as (
    select distinct
        k.token_key,
        n.address_id
    from new_degrees as n inner join graph_tokens as k using (token_id)
)

select
    k.token_key,
    d.address_id,
    sum(d.transfers)::bigint as transfers
from store.degrees as d inner join graph_tokens as k using (token_id)
semi join changed as c on c.token_key = k.token_key and c.address_id = d.address_id
left join store.hubs as h on h.token_key = k.token_key and h.address_id = d.address_id
where h.since is null
group by k.token_key, d.address_id, h.checked_at
having sum(d.transfers) >= coalesce(h.checked_at, $degree)
