-- Gives: one row of the temp table earlier_transfers per other payment of the addresses on the way.
-- Reads: store.transfers
-- Takes: $gap in microseconds; $since, before which they lie; $with_last, whether also addresses of later transfers
--   count; the relations graph_tokens, path_transfers, stops
insert into earlier_transfers
with ends as (
    select
        position,
        unnest([from_id, to_id]) as address_id,
        block_timestamp - to_microseconds($gap::bigint) as since
    from path_transfers
    where block_timestamp < $since or $with_last
),

payers as (
    select
        position,
        address_id,
        min(since) as since
    from ends
    group by all
)

select
    f.rowid,
    f.block_date
from store.transfers as f inner join graph_tokens as k using (token_id)
inner join payers as p on p.position = k.position and p.address_id = f.from_id and f.block_timestamp >= p.since
where f.block_timestamp < $since and not exists (
    select 1 from stops as s
    where s.position = k.position and s.address_id = f.from_id and holds_at(s.since, s.until, f.block_timestamp)
)
