{{ config(materialized='view') }}
with ends as (
    select
        t.chain,
        f.from_id as address_id,
        f.block_timestamp,
        1 as sent,
        0 as received
    from {{ source('store', 'transfers') }} as f
    inner join {{ source('store', 'tokens') }} as t on f.token_id = t.token_id
    union all
    select
        t.chain,
        f.to_id,
        f.block_timestamp,
        0,
        1
    from {{ source('store', 'transfers') }} as f
    inner join {{ source('store', 'tokens') }} as t on f.token_id = t.token_id
),

activity as (
    select
        chain,
        address_id,
        min(block_timestamp) as first_seen_at,
        max(block_timestamp) as last_seen_at,
        sum(sent)::bigint as sent_count,
        sum(received)::bigint as received_count
    from ends
    group by chain, address_id
)

select
    s.chain,
    a.address,
    i.entity,
    i.category,
    coalesce(i.regions, {{ list_of([]) }}) as regions,
    coalesce(i.has_conflict, false) as has_label_conflict,
    s.first_seen_at,
    s.last_seen_at,
    s.sent_count,
    s.received_count
from activity as s
inner join {{ source('store', 'addresses') }} as a on s.address_id = a.address_id
left join {{ ref('int_address_labels__intervals') }} as i
    on s.chain = i.chain and s.address_id = i.address_id and holds_at(i.valid_from, i.valid_to, s.last_seen_at)
