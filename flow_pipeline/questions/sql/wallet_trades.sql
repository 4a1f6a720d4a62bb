-- Gives: one row per trade of a wallet, the latest first
-- Reads: marts.fct_wallet_trades
-- Takes: $wallet
select
    *,
    coalesce(gave_token_symbol, gave_token_address) as gave,
    coalesce(got_token_symbol, got_token_address) as got
from marts.fct_wallet_trades
where wallet = $wallet
order by trade_number desc
