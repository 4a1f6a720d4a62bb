-- Gives: one row per chain, token and exchange: the netflow of a usual day, and how far from it a day is still expected
-- Reads: detection.netflow_scores
select
    chain,
    coalesce(token_address, token_symbol, '') as token,
    scope,
    token_symbol,
    token_address,
    arg_max(rank_median, block_date) as median,
    arg_max(rank_limit, block_date) as furthest
from detection.netflow_scores
where scope_type = 'exchange' and rank_limit is not null and isfinite(rank_limit)
group by all
