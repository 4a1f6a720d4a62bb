-- Gives: one row of the temp table earlier_transfers per transfer that a growing address sent, or received.
-- Reads: store.transfers
-- Takes: $since, before which they lie; $first, before which none lies; ${side}, from_id or to_id; the relations
--   graph_tokens, growing_addresses
insert into earlier_transfers
with candidates as (
    select
        rowid as row,
        *
    from store.transfers
    where
        block_timestamp < $since
        and block_timestamp >= $first
        and ${side} in (select address_id from growing_addresses)
)

select
    f.row,
    f.block_date
from candidates as f
inner join graph_tokens as k using (token_id)
inner join
    growing_addresses as g
    on g.position = k.position and g.address_id = f.${side} and f.block_timestamp >= g.since
