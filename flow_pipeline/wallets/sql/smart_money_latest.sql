-- Gives: one row per wallet that did something within the horizon: its features as of its last active day.
-- Reads: store.wallet_days, store.wallets, store.addresses, marts.fct_wallet_features
-- Takes: $last, $horizon, $days
select f.*
from marts.fct_wallet_features as f
inner join (
    select
        a.address as wallet,
        w.chain,
        max(d.block_date) as block_date
    from store.wallet_days as d
    inner join store.wallets as w using (wallet_id)
    inner join store.addresses as a using (address_id)
    where d.block_date > $last::date - $horizon and d.tx_count + d.sent_count > 0
    group by all
) as l on l.wallet = f.wallet and l.chain = f.chain and l.block_date = f.block_date
where f.window_days = $days and f.block_date > $last::date - $horizon
