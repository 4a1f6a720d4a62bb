-- Gives: one row per token and receiver among its first five by amount, ten of the busiest tokens
-- Reads: marts.top_destinations, marts.dim_tokens
select
    token_symbol,
    rank_by_amount,
    to_address,
    entity,
    category,
    amount,
    transfer_count,
    amount_share
from marts.top_destinations as d
where window_days = 0 and rank_by_amount <= 5
order by
    (
        select t.transfer_count
        from marts.dim_tokens as t
        where
            t.chain = d.chain
            and t.token_symbol is not distinct from d.token_symbol
            and t.token_address is not distinct from d.token_address
    ) desc,
    token_symbol,
    rank_by_amount
limit 10
