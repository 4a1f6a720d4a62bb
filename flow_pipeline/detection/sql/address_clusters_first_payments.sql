-- Gives: the temp table first_payments: one row per chain, address and exchange that it paid from a day on, and one for
--   whoever is none (entity NULL): when it first did
-- Reads: store.transfers, intermediate.int_tokens__canonical, intermediate.int_address_labels__intervals
-- Takes: $day
create or replace temp table first_payments as
select
    k.chain,
    f.from_id as address_id,
    case when i.category = 'exchange' then i.entity end as entity,
    min(f.block_timestamp) as first_at
from store.transfers as f
inner join intermediate.int_tokens__canonical as k using (token_id)
left join
    intermediate.int_address_labels__intervals as i
    on i.address_id = f.to_id and i.chain = k.chain and holds_at(i.valid_from, i.valid_to, f.block_timestamp)
where f.is_edge and k.is_summable and f.block_date >= $day
group by all
