-- Gives: one row per transfer of a transaction in its order, with the names of both ends at its time
-- Reads: store.transfers, store.addresses, store.prices, intermediate.int_tokens__canonical,
--   intermediate.int_address_labels__intervals
-- Takes: $chain, $tx_hash; $first and $last, the days on which it has transfers
with legs as materialized (
    select
        f.*,
        k.chain,
        k.token_symbol,
        k.token_address,
        k.price_token,
        k.spoof_suspected
    from store.transfers as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    where k.chain = $chain and f.tx_hash = $tx_hash and f.block_date between $first and $last
),

-- names of few are looked up among millions
ends as materialized (
    select
        a.address_id,
        a.address
    from store.addresses as a
    where a.address_id in (select unnest([from_id, to_id]) from legs)
)

select
    f.block_timestamp,
    f.block_number,
    f.transaction_index,
    f.transfer_index,
    a.address as from_address,
    s.entity as from_entity,
    s.category as from_category,
    b.address as to_address,
    r.entity as to_entity,
    r.category as to_category,
    f.token_symbol,
    f.token_address,
    f.amount,
    usd_of(f.amount, p.usd, f.amount_usd, f.spoof_suspected) as amount_usd
from legs as f
inner join ends as a on f.from_id = a.address_id
inner join ends as b on f.to_id = b.address_id
left join store.prices as p on f.block_date = p.price_date and f.price_token = p.token
left join intermediate.int_address_labels__intervals as s
    on f.from_id = s.address_id and f.chain = s.chain and holds_at(s.valid_from, s.valid_to, f.block_timestamp)
left join intermediate.int_address_labels__intervals as r
    on f.to_id = r.address_id and f.chain = r.chain and holds_at(r.valid_from, r.valid_to, f.block_timestamp)
order by
    f.block_timestamp,
    f.block_number,
    f.transfer_index nulls first,
    a.address,
    b.address,
    f.token_symbol,
    f.amount
