-- Gives: one row per receiver: the ten largest of the busiest token, over all days; those whose amount is unknown left
--   out
-- Reads: marts.dim_tokens, marts.top_destinations
with busiest_token as (
    select
        chain,
        token_symbol,
        token_address
    from marts.dim_tokens
    order by transfer_count desc
    limit 1
)

select
    coalesce(d.token_symbol, d.token_address) as token,
    coalesce(d.entity || ' ', '') || left(d.to_address, 10) || '…' as receiver,
    coalesce(d.category, 'unlabelled') as category,
    d.amount::double as amount
from marts.top_destinations as d
inner join busiest_token as t
    on
        d.chain = t.chain
        and d.token_symbol is not distinct from t.token_symbol
        and d.token_address is not distinct from t.token_address
where d.window_days = 0 and d.rank_by_amount <= 10 and d.amount is not null
