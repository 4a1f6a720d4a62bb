-- Gives: one row per transfer from one address to another on a chain, in order of time
-- Reads: marts.fct_transfers
-- Takes: $chain, $source, $target, $first, $last, $most, $after
select
    block_timestamp,
    tx_hash,
    transfer_index,
    token_symbol,
    token_address,
    amount,
    amount_usd as usd
from marts.fct_transfers
where
    chain = $chain
    and from_address = $source
    and to_address = $target
    and (amount is null or amount > 0)
    and ($first::date is null or block_date >= $first::date)
    and ($last::date is null or block_date <= $last::date)
qualify
    row_number() over (
        order by block_timestamp, block_number, transaction_index, tx_hash, transfer_index, load_id, source_row
    ) between $after + 1 and $after + $most
order by block_timestamp, block_number, transaction_index, tx_hash, transfer_index, load_id, source_row
