-- Gives: the view raw.transfers: one row per accepted transfer, with the text that the store keeps as numbers.
-- Reads: store.transfers, store.tokens, store.addresses, raw.loads
select
    t.chain,
    f.block_number,
    f.block_timestamp,
    f.transaction_index,
    f.tx_hash,
    f.transfer_index,
    t.token_address,
    t.token_symbol,
    s.address as from_address,
    r.address as to_address,
    f.amount,
    f.amount_usd,
    l.source_file,
    f.source_row,
    f.load_id,
    f.block_date
from store.transfers as f
inner join store.tokens as t on t.token_id = f.token_id
inner join store.addresses as s on s.address_id = f.from_id
inner join store.addresses as r on r.address_id = f.to_id
inner join raw.loads as l on l.load_id = f.load_id
