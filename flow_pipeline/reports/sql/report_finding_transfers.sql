-- Gives: one row per transfer of a finding, in order
-- Reads: detection.finding_transfers
-- Takes: $finding_id
select
    ordinal as "#",
    block_timestamp as time,
    from_address,
    to_address,
    amount,
    coalesce(token_symbol, token_address) as token,
    tx_hash
from detection.finding_transfers
where finding_id = $finding_id
order by ordinal
