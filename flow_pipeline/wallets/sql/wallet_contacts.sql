-- Gives: store.wallet_contacts: one row per wallet, day and address it paid or called, of one part of the wallets.
-- Reads: store.wallets, store.transfers, intermediate.int_tokens__canonical
-- Takes: $first, $part, $parts; the relation acts
insert into store.wallet_contacts
select
    wallet_id,
    block_date,
    contact_id,
    bool_or(is_called)
from (
    select
        w.wallet_id,
        a.block_date,
        a.called_id as contact_id,
        a.is_contract as is_called
    from acts as a inner join store.wallets as w using (chain, address_id)
    where a.called_id is not null and a.address_id % $parts = $part
    union all
    select
        w.wallet_id,
        f.block_date,
        f.to_id,
        false
    from store.transfers as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    inner join store.wallets as w on w.chain = k.chain and w.address_id = f.from_id and w.first_day <= f.block_date
    where f.block_date >= $first and f.is_edge and f.from_id % $parts = $part
)
group by all
