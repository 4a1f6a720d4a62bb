-- Gives: the temp table exchange_labels: one row per label of an exchange's address and stretch of time, exchanges
--   numbered in the order of their names
-- Reads: intermediate.int_address_labels__intervals
-- Takes: the relation cluster_tokens
create or replace temp table exchange_labels as
select
    k.chain_number,
    i.address_id,
    i.entity,
    dense_rank() over (order by i.entity)::integer as exchange,
    i.valid_from,
    i.valid_to
from intermediate.int_address_labels__intervals as i
inner join (
    select distinct
        chain,
        chain_number
    from cluster_tokens
) as k using (chain)
where i.category = 'exchange'
