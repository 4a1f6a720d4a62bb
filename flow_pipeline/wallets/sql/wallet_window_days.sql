-- Gives: one row per wallet of a part and day within the longest look back: its figures, and whether windows end on it.
-- Reads: store.wallet_days
-- Takes: $first, $look_back, $part, $parts, ${sums}; the relation active_wallets
select
    w.wallet,
    d.block_date - date '1970-01-01' as day,
    d.tx_count + d.sent_count > 0 as is_active,
    is_active and d.block_date >= $first as is_last,
    ${sums}
from store.wallet_days as d inner join active_wallets as w using (wallet_id)
where d.block_date > $first::date - $look_back and w.wallet % $parts = $part
