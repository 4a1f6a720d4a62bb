-- Gives: one row per active day of a wallet and chain: its 30 days up to then, the latest first
-- Reads: marts.fct_wallet_features
-- Takes: $wallet
select
    chain,
    block_date,
    tx_count,
    volume_usd,
    realised_usd,
    profit_consistency,
    round_trip_share,
    recipient_count,
    mev_tx_share
from marts.fct_wallet_features
where wallet = $wallet and window_days = 30
order by block_date desc, chain
