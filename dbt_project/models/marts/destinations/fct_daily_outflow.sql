{{ config(materialized='incremental', pre_hook="{{ forget_dirty_days() }}") }}
-- Domestic senders are few: their transfers are taken out of the store before anything is joined to them.
with domestic_transfers as (
    select *
    from {{ ref('int_transfers__keyed') }}
    where
        from_id in (select address_id from {{ ref('int_domestic_addresses') }})
        and from_id <> to_id and {{ in_dirty_days('block_date') }}
)

select
    x.block_date,
    t.chain,
    t.token_symbol,
    t.token_address,
    h.origin_category,
    {{ destination_class('r.category', 'r.regions') }} as destination_class,
    r.entity as destination_entity,
    sum(x.amount)::decimal(38, 18) as amount,
    case when count(x.amount) > 0 and count(x.amount_usd) = count(x.amount) then sum(x.amount_usd) end::decimal(38, 6)
        as amount_usd,
    count(*) as transfer_count,
    count(distinct x.from_id) as sender_count,
    count(*) filter (where x.amount is null) as unknown_amount_count
from domestic_transfers as x
inner join {{ ref('int_domestic_addresses') }} as h
    on x.from_id = h.address_id and x.chain = h.chain and holds_at(h.valid_from, h.valid_to, x.block_timestamp)
inner join {{ ref('int_tokens__keys') }} as t on x.token_key = t.token_key
left join {{ ref('int_address_labels__intervals') }} as r
    on x.to_id = r.address_id and x.chain = r.chain and holds_at(r.valid_from, r.valid_to, x.block_timestamp)
where x.amount is distinct from 0
group by all
