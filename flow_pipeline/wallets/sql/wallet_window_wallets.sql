-- Gives: the temp table active_wallets: one row per wallet that did something since a day, numbered from 0.
-- Reads: store.wallets, store.wallet_days
-- Takes: $first
create or replace temp table active_wallets as
select
    row_number() over () - 1 as wallet,
    w.*
from store.wallets as w
semi join (
    select wallet_id
    from store.wallet_days
    where block_date >= $first and tx_count + sent_count > 0
) as d using (wallet_id)
