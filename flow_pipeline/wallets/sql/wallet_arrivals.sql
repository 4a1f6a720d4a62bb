-- Gives: store.wallets: one row per wallet of the acts that is not known yet, numbered on.
-- Reads: store.wallets
-- Takes: the relation acts
insert into store.wallets
select
    (select coalesce(max(wallet_id), 0) from store.wallets) + row_number() over (order by a.chain, a.address_id),
    a.chain,
    a.address_id,
    min(a.block_date)
from acts as a anti join store.wallets as w on w.chain = a.chain and w.address_id = a.address_id
group by a.chain, a.address_id
