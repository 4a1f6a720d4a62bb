-- Gives: one row per transfer that waits for the lake, but those of days that are written anew, in the columns of the
--   Delta table
-- Reads: store.fresh_transfers, store.tokens
-- Takes: $days, those that are written anew
select
    t.chain,
    f.*
from store.fresh_transfers as f
inner join store.tokens as t using (token_id)
where f.block_date not in (select unnest($days::date[]))
order by t.chain, f.block_date, f.block_timestamp
