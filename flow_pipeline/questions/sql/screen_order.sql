-- Gives: one row per path that money can have gone in the order of time as far as this leg: when it passed, by which
--   transaction
-- Reads: store.transfers
-- Takes: $tokens to look at, none for all; the relation arrived (path, from_id, to_id, since): paths that hold up to
--   this leg
select
    a.path,
    min(f.block_timestamp) as passed_at,
    arg_min(f.tx_hash, (f.block_timestamp, f.tx_hash)) as tx_hash
from store.transfers as f
inner join arrived as a using (from_id, to_id)
where
    f.block_timestamp >= a.since
    and (f.amount is null or f.amount > 0)
    and (len($tokens::integer[]) = 0 or f.token_id in (select unnest($tokens::integer[])))
group by a.path
