{{ config(
    materialized='incremental',
    pre_hook="{{ forget_from_first_dirty_day('s.exchange = m.exchange') }}"
) }}
with legs as (
    select
        block_date,
        token_key,
        to_entity as exchange,
        flow_type,
        1 as direction,
        amount,
        amount_usd,
        priced_count,
        amount_count,
        transfer_count
    from {{ ref('int_flows__daily') }}
    where to_category = 'exchange' and flow_type <> 'self'
    union all
    select
        block_date,
        token_key,
        from_entity,
        flow_type,
        -1,
        amount,
        amount_usd,
        priced_count,
        amount_count,
        transfer_count
    from {{ ref('int_flows__daily') }}
    where from_category = 'exchange' and flow_type <> 'self'
),

days as (
    select
        block_date,
        token_key,
        exchange,
        sum(amount) filter (where direction = 1 and flow_type <> 'internal') as inflow,
        sum(amount) filter (where direction = -1 and flow_type <> 'internal') as outflow,
        sum(amount) filter (where direction = 1 and flow_type = 'cross_exchange') as cross_in,
        sum(amount) filter (where direction = -1 and flow_type = 'cross_exchange') as cross_out,
        sum(amount) filter (where direction = 1 and flow_type = 'internal') as internal,
        sum(transfer_count) filter (where direction = 1 and flow_type <> 'internal') as inflow_count,
        sum(transfer_count) filter (where direction = -1 and flow_type <> 'internal') as outflow_count,
        sum(transfer_count) filter (where direction = 1 and flow_type = 'internal') as internal_count,
        sum(amount_usd) filter (where direction = 1 and flow_type <> 'internal') as inflow_usd,
        sum(amount_usd) filter (where direction = -1 and flow_type <> 'internal') as outflow_usd,
        sum(priced_count) = sum(amount_count) and sum(amount_count) > 0 as is_priced
    from legs
    group by block_date, token_key, exchange
),

series as (
    select
        token_key,
        exchange,
        min(block_date) as first_date
    from days
    group by all
),

judged as (
    select
        s.*,
        k.token_key is not null as has_every_day
    from series as s
    left join {{ ref('int_exchange_series') }} as k on s.token_key = k.token_key and s.exchange = k.exchange
),

calendar as (
    select
        s.token_key,
        s.exchange,
        s.first_date,
        s.has_every_day,
        {{ days_between('s.first_date', last_day()) }} as block_date
    from judged as s
    where s.has_every_day
    union all
    select
        s.token_key,
        s.exchange,
        s.first_date,
        s.has_every_day,
        d.block_date
    from judged as s
    inner join days as d on d.token_key = s.token_key and d.exchange = s.exchange
    where not s.has_every_day
)

select
    c.block_date,
    t.chain,
    t.token_symbol,
    t.token_address,
    c.exchange,
    coalesce(d.inflow, 0)::decimal(38, 18) as inflow,
    coalesce(d.outflow, 0)::decimal(38, 18) as outflow,
    (coalesce(d.inflow, 0) - coalesce(d.outflow, 0))::decimal(38, 18) as netflow,
    coalesce(d.cross_in, 0)::decimal(38, 18) as cross_in,
    coalesce(d.cross_out, 0)::decimal(38, 18) as cross_out,
    coalesce(d.internal, 0)::decimal(38, 18) as internal,
    coalesce(d.inflow_count, 0)::bigint as inflow_count,
    coalesce(d.outflow_count, 0)::bigint as outflow_count,
    coalesce(d.internal_count, 0)::bigint as internal_count,
    case when d.is_priced then coalesce(d.inflow_usd, 0) end::decimal(38, 6) as inflow_usd,
    case when d.is_priced then coalesce(d.outflow_usd, 0) end::decimal(38, 6) as outflow_usd,
    case when d.is_priced then coalesce(d.inflow_usd, 0) - coalesce(d.outflow_usd, 0) end::decimal(38, 6)
        as netflow_usd,
    c.has_every_day
from calendar as c
inner join {{ ref('int_tokens__keys') }} as t on c.token_key = t.token_key
left join days as d on c.block_date = d.block_date and c.token_key = d.token_key and c.exchange = d.exchange
where {{ is_written_again('m.exchange = c.exchange') }}
