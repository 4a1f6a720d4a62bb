-- Gives: how many stored transfers may be of transactions of the file
-- Reads: store.transaction_keys, the temp view candidate_rows
select count(*) from store.transaction_keys
where
    key in (
        select hash(tx_hash) from candidate_rows
        where is_transfer and tx_hash is not null
    )
