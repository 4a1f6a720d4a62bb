-- Gives: one row per label `sanctioned` of an address, whatever the chain: since when, until when, and by which list
-- Reads: marts.dim_address_labels
select
    address,
    epoch_us(valid_from) as start,
    epoch_us(valid_to) as stop,
    entity || ', ' || source as said
from marts.dim_address_labels
where category = 'sanctioned'
order by address, said
