-- Gives: the number of windows of wallets whose counts or sums leave their bounds
-- Reads: store.wallet_features
select count(*)
from store.wallet_features
where
    active_days not between 1 and window_days
    or success_count > status_count
    or status_count > tx_count
    or defi_count > tx_count
    or weekday_count > tx_count
    or gas_over_count > gas_count
    or gas_saved > gas_count + 1e-3
    or priced_count > sent_count
    or won_count > closed_count
    or good_days > trade_days
    or age_days < 1
    or called_count > recipient_count
    or not isfinite(volume_usd + realised_usd + gas_usd + mev_usd + held_seconds + hour_cos + hour_sin + gas_ratio)
