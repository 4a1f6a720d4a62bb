-- Gives: the temp table earlier_transfers: one row per transfer of the addresses since a moment of each.
-- Reads: store.transfers
-- Takes: $until, before which they lie; the relations graph_tokens, addresses_read
create or replace temp table earlier_transfers as
with addresses as (
    select
        position,
        address_id,
        make_timestamp(min(since)) as since
    from addresses_read
    group by all
),

transfers as (
    select
        rowid as row,
        *
    from store.transfers
    where
        block_timestamp >= (select min(since) from addresses)
        and block_timestamp < $until
        and (from_id in (select address_id from addresses) or to_id in (select address_id from addresses))
)

select
    f.row,
    f.block_date
from transfers as f
inner join graph_tokens as k using (token_id)
left join addresses as s on s.position = k.position and s.address_id = f.from_id
left join addresses as r on r.position = k.position and r.address_id = f.to_id
where f.block_timestamp >= s.since or f.block_timestamp >= r.since
