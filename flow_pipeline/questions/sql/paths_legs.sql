-- Gives: one row per transfer asked for, as it is shown
-- Reads: store.transfers, the transfers by address, the names of tokens
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; ${tokens}, one like
--   intermediate.int_tokens__canonical; $chain; $first and $last day of what is asked for; the relation asked (n,
--   block_timestamp, load_id, source_row, from_id, to_id)
select
    a.n,
    a.from_id,
    a.to_id,
    f.block_timestamp,
    f.block_number,
    f.tx_hash,
    f.transfer_index,
    k.token_symbol,
    k.token_address,
    k.spoof_suspected,
    f.amount,
    e.amount_usd
from store.transfers as f
inner join asked as a
    on a.block_timestamp = f.block_timestamp and a.load_id = f.load_id and a.source_row = f.source_row
inner join ${ends} as e
    on
        e.address_id = a.from_id
        and e.block_timestamp = a.block_timestamp
        and e.load_id = a.load_id
        and e.source_row = a.source_row
inner join ${tokens} as k on f.token_id = k.token_id
where f.block_date between $first and $last and e.is_out and e.chain = $chain
order by a.n
