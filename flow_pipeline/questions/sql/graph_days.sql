-- Gives: one row: the first and the last day on which the chain has a transfer; NULL where it has none
-- Reads: store.transfers, intermediate.int_tokens__canonical
-- Takes: $chain
select
    min(f.block_date) as first,
    max(f.block_date) as last
from store.transfers as f
inner join intermediate.int_tokens__canonical as k using (token_id)
where k.chain = $chain
