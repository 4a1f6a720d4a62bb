-- Gives: the temp table suspects: one row per transfer of a suspect transaction: of the file (load 0) or stored
-- Reads: store.transfers, store.tokens, store.addresses, the temp view good_transfers, the temp table suspect_keys
create or replace temp table suspects as
select
    0 as load_id,
    source_row,
    chain,
    tx_hash,
    transaction_index,
    transfer_index,
    from_address,
    to_address,
    coalesce(token_address, token_symbol) as token,
    token_symbol,
    amount,
    amount_usd,
    block_number,
    block_timestamp
from good_transfers
where tx_hash is not null and hash(tx_hash) in (select key from suspect_keys)
union all
select
    f.load_id,
    f.source_row,
    t.chain,
    f.tx_hash,
    f.transaction_index,
    f.transfer_index,
    s.address as from_address,
    r.address as to_address,
    coalesce(t.token_address, t.token_symbol) as token,
    t.token_symbol,
    f.amount,
    f.amount_usd,
    f.block_number,
    f.block_timestamp
from (
    select *
    from store.transfers
    where tx_hash is not null and hash(tx_hash) in (select key from suspect_keys)
) as f
inner join store.tokens as t using (token_id)
inner join store.addresses as s on s.address_id = f.from_id
inner join store.addresses as r on r.address_id = f.to_id
