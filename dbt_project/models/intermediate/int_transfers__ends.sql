{{ config(materialized='view') }}
-- Transfers as each of their two addresses sees them. An amount that no sum may take is unknown here.
with valued as {{ in_place() }} (
    select
        t.chain,
        f.from_id,
        f.to_id,
        f.from_id <> f.to_id and (f.amount is null or f.amount > 0) as is_counted,
        f.block_timestamp,
        f.block_date,
        f.token_id,
        case when t.is_summable then f.amount end as amount,
        case when t.is_summable then usd_of(f.amount, p.usd, f.amount_usd, t.spoof_suspected) end as amount_usd,
        f.load_id,
        f.source_row
    from {{ source('store', 'transfers') }} as f
    inner join {{ ref('int_tokens__canonical') }} as t on f.token_id = t.token_id
    left join {{ source('store', 'prices') }} as p on f.block_date = p.price_date and t.price_token = p.token
)

select
    chain,
    from_id as address_id,
    to_id as other_id,
    true as is_out,
    is_counted,
    block_timestamp,
    block_date,
    token_id,
    amount,
    amount_usd,
    load_id,
    source_row
from valued
union all
select
    chain,
    to_id as address_id,
    from_id as other_id,
    false as is_out,
    is_counted,
    block_timestamp,
    block_date,
    token_id,
    amount,
    amount_usd,
    load_id,
    source_row
from valued
where from_id <> to_id
