-- Gives: the temp table new_degrees: one row per token and address with its transfers from a day on.
-- Reads: store.transfers
-- Takes: $first
create or replace temp table new_degrees as
with ends as (
    select
        token_id,
        unnest([from_id, to_id]) as address_id
    from store.transfers
    where is_edge and block_date >= $first
)

select
    token_id,
    address_id,
    count(*) as transfers
from ends
group by all
