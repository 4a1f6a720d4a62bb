-- Gives: the temp table services: one row per label of a service, with the time in which it holds
-- Reads: intermediate.int_address_labels__intervals
-- Takes: $categories
create or replace temp table services as
select
    chain,
    address_id,
    valid_from,
    valid_to
from intermediate.int_address_labels__intervals
where category in (select unnest($categories))
