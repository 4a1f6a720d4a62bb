-- Gives: the temp table sweepers: one row per address without a label that paid an exchange first and is judged,
--   numbered from 0, with the last moment at which a receipt of it is
-- Reads: store.payers, intermediate.int_address_labels__intervals
-- Takes: the relations cluster_tokens, judged_addresses
create or replace temp table sweepers as
select
    row_number() over ()::integer - 1 as n,
    k.chain_number,
    p.chain,
    p.address_id as id,
    p.entity,
    coalesce(p.other_at, timestamp 'infinity') as other_at,
    least(k.last_at, p.other_at - interval 1 microsecond) as judged_until
from store.payers as p
inner join (
    select distinct
        chain,
        chain_number,
        last_at
    from cluster_tokens
) as k using (chain)
semi join judged_addresses as r on r.chain = p.chain and r.id = p.address_id
anti join intermediate.int_address_labels__intervals as i on i.chain = p.chain and i.address_id = p.address_id
where p.entity is not null
