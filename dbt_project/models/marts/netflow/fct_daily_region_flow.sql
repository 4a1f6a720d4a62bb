{{ config(materialized='incremental', pre_hook="{{ forget_dirty_days() }}") }}
select
    f.block_date,
    t.chain,
    t.token_symbol,
    t.token_address,
    f.from_region,
    f.to_region,
    sum(f.amount)::decimal(38, 18) as amount,
    {{ usd_sum('f.amount_usd', 'f.priced_count', 'f.amount_count') }}::decimal(38, 6) as amount_usd,
    sum(f.transfer_count)::bigint as transfer_count,
    sum(f.unknown_amount_count)::bigint as unknown_amount_count
from {{ ref('int_flows__daily') }} as f
inner join {{ ref('int_tokens__keys') }} as t on f.token_key = t.token_key
where f.flow_type <> 'self' and {{ in_dirty_days('f.block_date') }}
group by f.block_date, t.chain, t.token_symbol, t.token_address, f.from_region, f.to_region
