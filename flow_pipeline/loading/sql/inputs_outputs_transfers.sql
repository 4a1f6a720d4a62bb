-- Gives: one row per transfer of the blocks, in the order of transactions, with the reason why it can not be one
-- Reads: the temp table lines, through rows
-- Takes: ${rows}, ${source_block_number}, ${source_block_timestamp}, ${source_transaction_index}, ${source_tx_hash},
--   ${source_transfer_index}, ${source_token_symbol}, ${source_from_address}, ${source_to_address}, ${source_amount},
--   ${source_reason}
select
    ${source_block_number} as block_number,
    ${source_block_timestamp} as block_timestamp,
    ${source_transaction_index} as transaction_index,
    ${source_tx_hash} as tx_hash,
    ${source_transfer_index} as transfer_index,
    null::varchar as token_address,
    ${source_token_symbol} as token_symbol,
    ${source_from_address} as from_address,
    ${source_to_address} as to_address,
    ${source_amount} as amount,
    null::decimal(38, 6) as amount_usd,
    ${source_reason} as reason
from ${rows}
order by ordinal
