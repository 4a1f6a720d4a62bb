-- Gives: one row per wallet of a part, contact and day on which it met it, in that order.
-- Reads: store.wallet_contacts
-- Takes: $first, $look_back, $part, $parts; the relation active_wallets
select
    w.wallet,
    c.contact_id,
    c.block_date - date '1970-01-01' as day,
    c.is_called
from store.wallet_contacts as c inner join active_wallets as w using (wallet_id)
where c.block_date > $first::date - $look_back and w.wallet % $parts = $part
order by all
