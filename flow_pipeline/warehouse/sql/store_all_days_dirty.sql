-- Gives: store.dirty_days with every day that has transfers
-- Reads: store.transfers
insert into store.dirty_days
select distinct block_date
from store.transfers
where block_date not in (select block_date from store.dirty_days)
