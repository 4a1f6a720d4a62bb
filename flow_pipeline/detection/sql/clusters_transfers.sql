-- Gives: the temp table cluster_transfers: one row per transfer of the dirty days and entity at either end; a transfer
--   between two entities belongs to both clusters, one within an entity to it once
-- Reads: store.transfers, store.dirty_days, intermediate.int_tokens__canonical
-- Takes: the relation cluster_owners
create or replace temp table cluster_transfers as
with tokens as (
    select
        k.token_id,
        k.token_key,
        c.chain_number
    from intermediate.int_tokens__canonical as k
    inner join (
        select distinct
            chain,
            chain_number
        from cluster_owners
    ) as c using (chain)
    where k.is_summable
),

labelled as materialized (
    select
        f.block_date,
        k.token_key,
        f.from_id,
        f.to_id,
        f.amount,
        extract('hour' from f.block_timestamp)::tinyint as hour,
        s.owner as from_owner,
        s.category_number as from_category,
        r.owner as to_owner,
        r.category_number as to_category
    from store.transfers as f
    inner join tokens as k using (token_id)
    left join cluster_owners as s
        on
            s.address_id = f.from_id
            and s.chain_number = k.chain_number
            and holds_at(s.valid_from, s.valid_to, f.block_timestamp)
    left join cluster_owners as r
        on
            r.address_id = f.to_id
            and r.chain_number = k.chain_number
            and holds_at(r.valid_from, r.valid_to, f.block_timestamp)
    where
        f.block_date in (select block_date from store.dirty_days)
        and f.is_edge
        and (s.owner is not null or r.owner is not null)
)

select
    block_date,
    token_key,
    from_owner as owner,
    from_category as category_number,
    from_id,
    to_id,
    amount,
    hour,
    true as is_from,
    coalesce(to_owner = from_owner, false) as is_to
from labelled
where from_owner is not null
union all
select
    block_date,
    token_key,
    to_owner,
    to_category,
    from_id,
    to_id,
    amount,
    hour,
    false,
    true
from labelled
where to_owner is not null and to_owner is distinct from from_owner
