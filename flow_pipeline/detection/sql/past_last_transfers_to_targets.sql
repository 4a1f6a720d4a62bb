-- Gives: the temp table path_transfers: one row per transfer to a target of a stretch of time, with which ways
--   back begin.
-- Reads: store.transfers
-- Takes: $first, $last; the relations graph_tokens, target_addresses
create or replace temp table path_transfers as
select
    f.rowid as row,
    k.position,
    f.from_id,
    f.to_id,
    f.block_timestamp,
    f.amount,
    0 as step
from store.transfers as f inner join graph_tokens as k using (token_id)
where
    f.is_edge and f.block_timestamp >= $first and f.block_timestamp < $last
    and f.to_id in (select address_id from target_addresses)
