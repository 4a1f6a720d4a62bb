-- Gives: one row per transfer asked for, in the order asked: its hash, and what it says
-- Reads: store.transfers, store.addresses, store.tokens
-- Takes: the relation asked (n, block_timestamp, load_id, source_row); $first and $last day of it
select
    coalesce(f.tx_hash, '') as tx_hash,
    concat_ws('|', k.chain, coalesce(k.token_address, k.token_symbol, ''), a.address, b.address, f.amount::varchar)
        as content
from store.transfers as f
inner join asked as q
    on q.block_timestamp = f.block_timestamp and q.load_id = f.load_id and q.source_row = f.source_row
inner join store.addresses as a on a.address_id = f.from_id
inner join store.addresses as b on b.address_id = f.to_id
inner join store.tokens as k using (token_id)
where f.block_date between $first and $last
order by q.n
