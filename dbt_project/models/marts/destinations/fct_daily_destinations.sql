{{ config(materialized='view') }}
with received as (
    select
        block_date,
        token_key,
        chain,
        to_id,
        sum(amount) as amount,
        count(*) as transfer_count,
        count(distinct from_id) as sender_count,
        count(*) filter (where amount is null) as unknown_amount_count
    from {{ ref('int_transfers__keyed') }}
    where from_id <> to_id and amount is distinct from 0
    group by all
)

select
    d.block_date,
    t.chain,
    t.token_symbol,
    t.token_address,
    a.address as to_address,
    i.entity,
    i.category,
    coalesce(i.regions, {{ list_of([]) }}) as regions,
    d.amount::decimal(38, 18) as amount,
    d.transfer_count,
    d.sender_count,
    d.unknown_amount_count,
    {{ as_double('d.amount') }}
    / {{ as_double('nullif(sum(d.amount) over (partition by d.block_date, d.token_key), 0)') }} as amount_share
from received as d
inner join {{ ref('int_tokens__keys') }} as t on d.token_key = t.token_key
inner join {{ source('store', 'addresses') }} as a on d.to_id = a.address_id
left join {{ ref('int_address_labels__intervals') }} as i
    on
        d.to_id = i.address_id and d.chain = i.chain
        and holds_at(i.valid_from, i.valid_to, d.block_date + interval 1 day - interval 1 microsecond)
