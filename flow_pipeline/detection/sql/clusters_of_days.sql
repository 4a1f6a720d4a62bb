-- Gives: the temp table clusters_of_days: one row per day, entity and token with enough transfers, numbered from 0,
--   with its hours and the part of the work it belongs to
-- Reads: nothing
-- Takes: $min_transfers, $rows_at_once; the relation cluster_transfers
create or replace temp table clusters_of_days as
with hours as (
    select
        block_date,
        token_key,
        owner,
        hour,
        min(category_number) as category_number,
        count(*) as transfers,
        sum(amount) as amount
    from cluster_transfers
    group by all
),

clusters as (
    select
        block_date,
        token_key,
        owner,
        min(category_number) as category_number,
        sum(transfers)::bigint as transfer_count,
        sum(amount)::double as volume,
        list(hour order by hour) as hourly_hours,
        list(transfers order by hour) as hourly_transfers,
        list(amount::double order by hour) as hourly_amounts
    from hours
    group by block_date, token_key, owner
    having sum(transfers) >= $min_transfers
)

select
    (row_number() over in_order)::integer - 1 as cluster,
    ((sum(transfer_count) over in_order - transfer_count) // $rows_at_once)::integer as part,
    *
from clusters
window in_order as (order by block_date, token_key, owner rows unbounded preceding)
