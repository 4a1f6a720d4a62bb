-- Gives: takes out of store.address_transfers the days to rebuild, all of which lie behind the sorted ones
-- Reads: store.address_transfers, store.dirty_days
-- Takes: $first of these days
delete from store.address_transfers
where
    block_timestamp >= $first::date
    and block_timestamp::date in (select block_date from store.dirty_days)
