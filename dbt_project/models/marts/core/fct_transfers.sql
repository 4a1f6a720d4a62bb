{{ config(materialized='view') }}
select
    k.chain,
    f.block_number,
    f.block_timestamp,
    f.block_date,
    f.transaction_index,
    f.tx_hash,
    f.transfer_index,
    k.token_address,
    k.token_symbol,
    a.address as from_address,
    b.address as to_address,
    f.amount,
    usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected) as amount_usd,
    s.entity as from_entity,
    s.category as from_category,
    r.entity as to_entity,
    r.category as to_category,
    coalesce(s.regions, {{ list_of([]) }}) as from_regions,
    coalesce(r.regions, {{ list_of([]) }}) as to_regions,
    {{ flow_type('f.from_id = f.to_id', 's.category', 's.entity', 'r.category', 'r.entity') }} as flow_type,
    f.load_id,
    f.source_row
from {{ source('store', 'transfers') }} as f
inner join {{ ref('int_tokens__canonical') }} as k on f.token_id = k.token_id
inner join {{ source('store', 'addresses') }} as a on f.from_id = a.address_id
inner join {{ source('store', 'addresses') }} as b on f.to_id = b.address_id
left join {{ source('store', 'prices') }} as p on f.block_date = p.price_date and k.price_token = p.token
left join {{ ref('int_address_labels__intervals') }} as s
    on f.from_id = s.address_id and k.chain = s.chain and holds_at(s.valid_from, s.valid_to, f.block_timestamp)
left join {{ ref('int_address_labels__intervals') }} as r
    on f.to_id = r.address_id and k.chain = r.chain and holds_at(r.valid_from, r.valid_to, f.block_timestamp)
