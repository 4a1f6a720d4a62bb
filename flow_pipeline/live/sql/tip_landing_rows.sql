-- Gives: one row per transfer of a landing file, in order
-- Reads: live.rows
-- Takes: $source, $day, $last
select
    chain,
    block_number,
    block_timestamp,
    transaction_index,
    tx_hash,
    transfer_index,
    token_address,
    token_symbol,
    from_address,
    to_address,
    amount,
    amount_usd,
    block_hash,
    null::varchar as parent_hash,
    seq
from live.rows
where source = $source and block_date = $day and seq <= $last and not is_landed
order by block_number, transaction_index, transfer_index, seq
