-- Gives: one row: the first and the last day of a chain's transfers; NULL where it has none
-- Reads: intermediate.int_tokens__canonical
-- Takes: $chain
select
    min(first_date) as first,
    max(last_date) as last
from intermediate.int_tokens__canonical
where chain = $chain
