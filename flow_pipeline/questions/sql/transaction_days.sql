-- Gives: the first and the last day on which a transaction has transfers
-- Reads: store.transfers
-- Takes: $tx_hash
select
    min(block_date) as first_day,
    max(block_date) as last_day
from store.transfers
where tx_hash = $tx_hash
