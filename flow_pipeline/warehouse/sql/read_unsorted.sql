-- Gives: the share of store.address_transfers that lies behind the sorted rows
-- Reads: store.address_transfers
-- Takes: $through, the last sorted day
select count(*) filter (where block_timestamp >= $through::date + 1) / greatest(count(*), 1) as share
from store.address_transfers
