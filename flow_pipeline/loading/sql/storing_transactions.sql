-- Gives: fills raw.transactions: one row per new transaction
-- Reads: the temp table new_transactions
-- Takes: $load_id
insert into raw.transactions
select
    chain,
    block_number,
    block_timestamp,
    x_transaction_index,
    tx_hash,
    from_address,
    x_to_address,
    x_value,
    x_gas_price,
    x_gas_used,
    x_is_success,
    x_method_id,
    x_created_contract,
    $load_id
from new_transactions
