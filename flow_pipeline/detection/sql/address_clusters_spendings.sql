-- Gives: the temp table spendings: one row per Bitcoin transfer from an address, coinbase left out
-- Reads: store.transfers, store.addresses
-- Takes: the relation bitcoin_tokens
create or replace temp table spendings as
select
    k.chain,
    f.tx_hash,
    f.from_id,
    f.to_id,
    f.amount,
    f.block_timestamp,
    s.address as sender,
    r.address as receiver
from store.transfers as f
inner join bitcoin_tokens as k using (token_id)
inner join store.addresses as s on s.address_id = f.from_id
inner join store.addresses as r on r.address_id = f.to_id
where s.address <> 'coinbase'
