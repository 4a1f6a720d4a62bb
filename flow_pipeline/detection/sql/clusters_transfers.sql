-- Gives: the temp table cluster_transfers: one row per transfer of a day and entity at either end; a transfer between
--   two entities belongs to both clusters, one within an entity to it once
-- Reads: store.transfers, intermediate.int_tokens__canonical, intermediate.int_address_labels__intervals
-- Takes: $day
create or replace temp table cluster_transfers as
with of_day as (
    select
        k.chain,
        k.token_key,
        f.from_id,
        f.to_id,
        f.amount,
        extract('hour' from f.block_timestamp)::integer as hour,
        s.entity as from_entity,
        s.category as from_category,
        r.entity as to_entity,
        r.category as to_category
    from store.transfers as f
    inner join intermediate.int_tokens__canonical as k on k.token_id = f.token_id
    left join
        intermediate.int_address_labels__intervals as s
        on
            s.address_id = f.from_id
            and s.chain = k.chain
            and holds_at(s.valid_from, s.valid_to, f.block_timestamp)
            and s.category <> 'burn'
    left join
        intermediate.int_address_labels__intervals as r
        on
            r.address_id = f.to_id
            and r.chain = k.chain
            and holds_at(r.valid_from, r.valid_to, f.block_timestamp)
            and r.category <> 'burn'
    where f.block_date = $day and k.is_summable and f.is_edge and (s.entity is not null or r.entity is not null)
)

select
    chain,
    token_key,
    from_entity as entity,
    from_category as category,
    from_id,
    to_id,
    amount,
    hour,
    true as is_from,
    coalesce(to_entity = from_entity, false) as is_to
from of_day
where from_entity is not null
union all
select
    chain,
    token_key,
    to_entity,
    to_category,
    from_id,
    to_id,
    amount,
    hour,
    false,
    true
from of_day
where to_entity is not null and to_entity is distinct from from_entity
