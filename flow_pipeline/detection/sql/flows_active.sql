-- Gives: one row per flow that is on its way after the last day in detection.active_flows
-- Reads: store.addresses, store.transfers, intermediate.int_tokens__canonical
-- Takes: the relations active_lots, flow_tokens
insert into detection.active_flows by name
with tokens as (
    select distinct
        t.number,
        c.chain,
        c.token_symbol,
        c.token_address
    from flow_tokens as t inner join intermediate.int_tokens__canonical as c using (token_id)
)

select
    l.source_group,
    k.chain,
    k.token_symbol,
    k.token_address,
    a.address,
    l.units::decimal(38, 18) + l.parts::decimal(38, 0) * 0.000000000000000001::decimal(18, 18) as amount,
    l.hop_count,
    l.confidence,
    f.block_timestamp as started_at,
    m.block_timestamp as moved_at
from active_lots as l
inner join tokens as k on k.number = l.token
inner join store.addresses as a using (address_id)
inner join store.transfers as f
    on f.load_id = (l.first_ref >> 40)::integer and f.source_row = l.first_ref & 1099511627775
inner join store.transfers as m
    on m.load_id = (l.last_ref >> 40)::integer and m.source_row = l.last_ref & 1099511627775
