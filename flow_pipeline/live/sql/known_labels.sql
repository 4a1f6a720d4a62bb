-- Gives: one row per chain, address and stretch of time: whose it is, and by which category
-- Reads: intermediate.int_address_labels__intervals
select
    chain,
    address,
    epoch_us(valid_from) as start,
    epoch_us(valid_to) as stop,
    category,
    entity
from intermediate.int_address_labels__intervals
order by chain, address, valid_from
