-- Gives: one row per transfer of the blocks, in the order of transactions, with the reason why it can not be one
-- Reads: the temp table lines, through rows
-- Takes: ${rows}, ${reason}, and an expression for each column
select
    ${block_number} as block_number,
    ${block_timestamp} as block_timestamp,
    ${transaction_index} as transaction_index,
    ${tx_hash} as tx_hash,
    ${transfer_index} as transfer_index,
    null::varchar as token_address,
    ${token_symbol} as token_symbol,
    ${from_address} as from_address,
    ${to_address} as to_address,
    ${amount} as amount,
    null::decimal(38, 6) as amount_usd,
    ${reason} as reason
from ${rows} as found
order by ordinal
