-- Gives: fills store.address_transfers, sorted by address and time
-- Reads: intermediate.int_transfers__ends, store.dirty_days
-- Takes: $first, the first day; $are_all, true for every transfer since then, false for those of the days to rebuild
insert into store.address_transfers by name
select * exclude (block_date)
from intermediate.int_transfers__ends
where block_date >= $first::date and ($are_all or block_date in (select block_date from store.dirty_days))
order by address_id, block_timestamp
