{{ config(
    materialized='incremental',
    pre_hook="{{ forget_from_first_dirty_day('s.exchange is null and s.wallet is null') }}"
) }}
with days as (
    select
        block_date,
        token_key,
        sum(amount) filter (where to_category = 'exchange' and from_category is distinct from 'exchange') as inflow,
        sum(amount) filter (where from_category = 'exchange' and to_category is distinct from 'exchange') as outflow,
        sum(amount) filter (where flow_type = 'cross_exchange') as cross_exchange,
        sum(amount) filter (where flow_type = 'internal') as internal,
        sum(transfer_count) filter (where to_category = 'exchange' and from_category is distinct from 'exchange')
            as inflow_count,
        sum(transfer_count) filter (where from_category = 'exchange' and to_category is distinct from 'exchange')
            as outflow_count,
        sum(amount_usd) filter (where to_category = 'exchange' and from_category is distinct from 'exchange')
            as inflow_usd,
        sum(amount_usd) filter (where from_category = 'exchange' and to_category is distinct from 'exchange')
            as outflow_usd,
        sum(priced_count) = sum(amount_count) and sum(amount_count) > 0 as is_priced
    from {{ ref('int_flows__daily') }}
    where 'exchange' in (from_category, to_category) and flow_type <> 'self'
    group by block_date, token_key
),

series as (
    select
        token_key,
        min(block_date) as first_date
    from days
    group by token_key
),

judged as (
    select
        s.*,
        k.token_key is not null as has_every_day
    from series as s
    left join {{ ref('int_exchange_series') }} as k
        on s.token_key = k.token_key and k.exchange is null and k.wallet_id is null
),

calendar as (
    select
        s.token_key,
        s.first_date,
        s.has_every_day,
        {{ days_between('s.first_date', last_day()) }} as block_date
    from judged as s
    where s.has_every_day
    union all
    select
        s.token_key,
        s.first_date,
        s.has_every_day,
        d.block_date
    from judged as s
    inner join days as d on d.token_key = s.token_key
    where not s.has_every_day
)

select
    c.block_date,
    t.chain,
    t.token_symbol,
    t.token_address,
    coalesce(d.inflow, 0)::decimal(38, 18) as inflow,
    coalesce(d.outflow, 0)::decimal(38, 18) as outflow,
    (coalesce(d.inflow, 0) - coalesce(d.outflow, 0))::decimal(38, 18) as netflow,
    coalesce(d.cross_exchange, 0)::decimal(38, 18) as cross_exchange,
    coalesce(d.internal, 0)::decimal(38, 18) as internal,
    coalesce(d.inflow_count, 0)::bigint as inflow_count,
    coalesce(d.outflow_count, 0)::bigint as outflow_count,
    case when d.is_priced then coalesce(d.inflow_usd, 0) end::decimal(38, 6) as inflow_usd,
    case when d.is_priced then coalesce(d.outflow_usd, 0) end::decimal(38, 6) as outflow_usd,
    case when d.is_priced then coalesce(d.inflow_usd, 0) - coalesce(d.outflow_usd, 0) end::decimal(38, 6)
        as netflow_usd,
    c.has_every_day
from calendar as c
inner join {{ ref('int_tokens__keys') }} as t on c.token_key = t.token_key
left join days as d on c.block_date = d.block_date and c.token_key = d.token_key
where {{ is_written_again('true') }}
