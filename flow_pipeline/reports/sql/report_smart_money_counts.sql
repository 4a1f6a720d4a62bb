-- Gives: one row: wallets scored and listed, and what was extracted on a report's days
-- Reads: detection.smart_money_wallets, detection.mev_events
-- Takes: $first_day, $last_day
select
    (select count(*) from detection.smart_money_wallets) as wallets,
    (
        select count(*) from detection.smart_money_wallets
        where is_smart
    ) as listed,
    (
        select count(*) from detection.mev_events
        where block_date between $first_day and $last_day
    ) as events,
    (
        select sum(gain_usd) from detection.mev_events
        where block_date between $first_day and $last_day
    ) as gained
