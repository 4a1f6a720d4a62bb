-- Gives: one row per leading receiver of each token, over all days
-- Reads: marts.top_destinations
select *
from marts.top_destinations
where window_days = 0
order by chain, token_symbol, token_address, rank_by_amount, rank_by_count
