-- Gives: for transfers of a page, their place on it and where they lie in the store
-- Reads: store.transfers
-- Takes: $moments, $load_ids and $source_rows of the page; $first and $last of the moments
with page as (
    select
        unnest($moments::timestamp[]) as block_timestamp,
        unnest($load_ids::integer[]) as load_id,
        unnest($source_rows::bigint[]) as source_row,
        unnest(range(len($moments::timestamp[]))) as place
)

select
    p.place,
    f.rowid as store_row
from page as p
inner join store.transfers as f
    on p.block_timestamp = f.block_timestamp and p.load_id = f.load_id and p.source_row = f.source_row
where f.block_timestamp between $first::timestamp and $last::timestamp
order by p.place
