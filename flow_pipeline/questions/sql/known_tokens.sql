-- Gives: the name of each token, those with most transfers first
-- Reads: intermediate.int_tokens__canonical, store.token_days
-- Takes: nothing
select coalesce(k.token_symbol, k.token_address) as name
from intermediate.int_tokens__canonical as k left join store.token_days as d using (token_id)
where coalesce(k.token_symbol, k.token_address) is not null
group by name
order by sum(d.transfer_count) desc nulls last, name
