-- Gives: the temp table first_payments: one row per chain, address and exchange that it paid from a day on, and one for
--   whoever is none (exchange NULL): when it first did
-- Reads: store.transfers
-- Takes: $day; the relations cluster_tokens, exchange_labels
create or replace temp table first_payments as
select
    k.chain_number,
    f.from_id as address_id,
    e.exchange,
    min(f.block_timestamp) as first_at
from store.transfers as f
inner join cluster_tokens as k using (token_id)
left join exchange_labels as e
    on
        e.address_id = f.to_id
        and e.chain_number = k.chain_number
        and holds_at(e.valid_from, e.valid_to, f.block_timestamp)
where f.is_edge and f.block_date >= $day
group by all
