-- Gives: one row: the transfers that something moved in, which is what detectors look at
-- Reads: raw.transfers
-- Takes: nothing
select count(*)
from raw.transfers
where amount > 0 and from_address <> to_address
