-- Gives: one row per transfer whose time leaves its order open, in the order asked: its hash, and what it says
-- Reads: store.transfers, store.addresses, store.tokens
-- Takes: the relation tied_transfers
select
    tx_hash,
    content
from (
    select
        t.position,
        coalesce(f.tx_hash, '') as tx_hash,
        concat_ws(
            '|', k.chain, coalesce(k.token_address, k.token_symbol, ''), a.address, b.address, f.amount::varchar
        ) as content
    from tied_transfers as t
    inner join store.transfers as f on f.rowid = t.row
    inner join store.addresses as a on a.address_id = f.from_id
    inner join store.addresses as b on b.address_id = f.to_id
    inner join store.tokens as k using (token_id)
)
order by position
