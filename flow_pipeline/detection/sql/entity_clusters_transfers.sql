-- Gives: the temp table entity_transfers: one row per transfer from a day on of which an end belongs to an entity then
-- Reads: store.transfers, intermediate.int_tokens__canonical
-- Takes: $first; the relation cluster_members
create or replace temp table entity_transfers as
select
    f.block_date,
    k.chain,
    k.token_key,
    k.is_summable,
    f.from_id,
    f.to_id,
    f.amount,
    s.entity as sender,
    s.is_deposit as is_sender_deposit,
    case when s.category = 'exchange' then s.address end as sender_wallet,
    r.entity as receiver,
    r.is_deposit as is_receiver_deposit,
    case when r.category = 'exchange' then r.address end as receiver_wallet
from store.transfers as f
inner join intermediate.int_tokens__canonical as k using (token_id)
left join
    cluster_members as s
    on s.chain = k.chain and s.address_id = f.from_id and holds_at(s.valid_from, s.valid_to, f.block_timestamp)
left join
    cluster_members as r
    on r.chain = k.chain and r.address_id = f.to_id and holds_at(r.valid_from, r.valid_to, f.block_timestamp)
where f.block_date >= $first and f.is_edge and (s.entity is not null or r.entity is not null)
