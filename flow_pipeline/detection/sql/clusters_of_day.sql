-- Gives: the temp table clusters_of_day: one row per entity and token with enough transfers, numbered from 0
-- Reads: nothing
-- Takes: $min_transfers; the relation cluster_transfers
create or replace temp table clusters_of_day as
select
    row_number() over (order by chain, token_key, entity)::integer - 1 as cluster,
    *
from (
    select
        chain,
        token_key,
        entity,
        min(category) as category,
        count(*) as transfer_count,
        sum(amount)::double as volume,
        len(list_distinct(list_concat(
            coalesce(list(from_id) filter (is_from), []),
            coalesce(list(to_id) filter (is_to), [])
        ))) as address_count
    from cluster_transfers
    group by all
    having count(*) >= $min_transfers
)
