-- Gives: the temp table comparisons: one row per listed wallet and day: the day against the wallet's own past.
-- Reads: store.addresses, store.wallets, store.wallet_days
-- Takes: $horizon, $least_past; the relation scored
create or replace temp table comparisons as
select
    chain,
    wallet,
    block_date,
    day_usd,
    usual_day_usd,
    case when days >= $least_past then (day_usd - usual_day_usd) / nullif(spread, 0) end as activity_zscore
from (
    select
        s.chain,
        s.wallet,
        s.block_date,
        max(d.volume_usd) filter (where d.block_date = s.block_date) as day_usd,
        avg(d.volume_usd::decimal(38, 6)) filter (where d.block_date < s.block_date) as usual_day_usd,
        round(stddev_samp(d.volume_usd) filter (where d.block_date < s.block_date), 6) as spread,
        count(*) filter (where d.block_date < s.block_date) as days
    from scored as s
    inner join store.addresses as a on a.address = s.wallet
    inner join store.wallets as w on w.address_id = a.address_id and w.chain = s.chain
    inner join store.wallet_days as d
        on
            d.wallet_id = w.wallet_id
            and d.tx_count + d.sent_count > 0
            and d.block_date <= s.block_date
            and d.block_date > s.block_date - $horizon
    where s.is_smart
    group by all
)
