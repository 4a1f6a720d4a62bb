-- Gives: one row per finding to store and transfer, for detection.finding_transfers.
-- Reads: nothing stored
-- Takes: the relation chosen_transfers
select
    finding_id,
    ordinal,
    (['in', 'out', 'hop', 'peel'])[part + 1] as part,
    chain,
    token_symbol,
    token_address,
    block_timestamp,
    block_number,
    tx_hash,
    transaction_index,
    transfer_index,
    from_address,
    to_address,
    amount,
    source_file,
    source_row
from chosen_transfers
