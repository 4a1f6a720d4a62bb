{{ config(materialized='view') }}
-- Amounts of a token whose sum would leave DECIMAL(38, 18) are unknown to every sum, never wrapped or rounded.
select
    f.block_date,
    f.block_timestamp,
    t.chain,
    t.token_key,
    f.from_id,
    f.to_id,
    case when t.is_summable then f.amount end as amount,
    case when t.is_summable then usd_of(f.amount, p.usd, f.amount_usd, t.spoof_suspected) end as amount_usd
from {{ source('store', 'transfers') }} as f
inner join {{ ref('int_tokens__canonical') }} as t on f.token_id = t.token_id
left join {{ source('store', 'prices') }} as p
    on f.block_date = p.price_date and t.price_token = p.token
