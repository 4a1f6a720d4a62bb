-- Gives: the number of trades that give or get nothing, cover more than they give, claim profit without a value, or
--   leave a negative position
-- Reads: marts.fct_wallet_trades
select count(*)
from marts.fct_wallet_trades
where
    not (gave_amount > 0 and got_amount > 0)
    or covered_share not between 0 and 1
    or (realised_usd is not null and (value_usd is null or covered_share = 0))
    or least(gave_position_amount, got_position_amount, gave_position_usd, got_position_usd) < -1e-6
