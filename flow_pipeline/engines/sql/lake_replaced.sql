-- Gives: one row per transfer of the days that are written anew, as the Delta table has it
-- Reads: store.transfers, store.tokens
-- Takes: $days
select
    t.chain,
    f.* exclude (rowid)
from store.transfers as f
inner join store.tokens as t using (token_id)
where f.block_date in (select unnest($days::date[]))
order by t.chain, f.block_date, f.block_timestamp
