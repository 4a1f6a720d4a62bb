-- Gives: the temp table entity_transfers: one row per transfer from a day on of which an end belongs to an entity then
-- Reads: store.transfers, intermediate.int_tokens__canonical
-- Takes: $first; the relation cluster_members
create or replace temp table entity_transfers as
with tokens as (
    select
        k.token_id,
        k.token_key,
        k.is_summable,
        c.chain_number
    from intermediate.int_tokens__canonical as k
    inner join (
        select distinct
            chain,
            chain_number
        from cluster_members
    ) as c using (chain)
)

select
    f.block_date,
    k.chain_number,
    k.token_key,
    k.is_summable,
    f.from_id,
    f.to_id,
    f.amount,
    s.owner as sender,
    s.is_deposit as is_sender_deposit,
    s.is_wallet as is_sender_wallet,
    r.owner as receiver,
    r.is_deposit as is_receiver_deposit,
    r.is_wallet as is_receiver_wallet
from store.transfers as f
inner join tokens as k using (token_id)
left join cluster_members as s
    on
        s.address_id = f.from_id
        and s.chain_number = k.chain_number
        and holds_at(s.valid_from, s.valid_to, f.block_timestamp)
left join cluster_members as r
    on
        r.address_id = f.to_id
        and r.chain_number = k.chain_number
        and holds_at(r.valid_from, r.valid_to, f.block_timestamp)
where f.block_date >= $first and f.is_edge and (s.owner is not null or r.owner is not null)
