-- Tokens that somebody vouches for: a registry or a token file knows them, or what they moved was worth dollars. Spam
-- is neither, and there may be more of it than of all else.
select
    f.token_key,
    bool_or(t.decimals is not null or t.is_canonical) or coalesce(max(f.amount_usd), 0) > 0 as is_known,
    count(distinct f.block_date) filter (where f.flow_type <> 'self') as active_days
from {{ ref('int_flows__daily') }} as f
inner join {{ ref('int_tokens__canonical') }} as t on f.token_key = t.token_key
group by f.token_key
