-- Gives: one row per payment of a stretch of time: its chain, day and ends
-- Reads: nothing stored
-- Takes: ${payments} of that time, and what graph_payments takes
select
    chain_number as chain,
    (block_timestamp::date - date '1970-01-01')::integer as day,
    from_id as sender,
    to_id as receiver
from ${payments}
