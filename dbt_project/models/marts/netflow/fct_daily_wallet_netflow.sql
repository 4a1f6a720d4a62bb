{{ config(
    materialized='incremental',
    pre_hook="{{ forget_from_first_dirty_day('s.wallet = m.wallet') }}"
) }}
with legs as (
    select
        block_date,
        token_key,
        to_wallet_id as wallet_id,
        to_entity as exchange,
        1 as direction,
        amount,
        transfer_count
    from {{ ref('int_flows__daily') }}
    where to_category = 'exchange' and flow_type <> 'self'
    union all
    select
        block_date,
        token_key,
        from_wallet_id,
        from_entity,
        -1,
        amount,
        transfer_count
    from {{ ref('int_flows__daily') }}
    where from_category = 'exchange' and flow_type <> 'self'
),

days as (
    select
        block_date,
        token_key,
        wallet_id,
        exchange,
        sum(amount) filter (where direction = 1) as inflow,
        sum(amount) filter (where direction = -1) as outflow,
        sum(transfer_count) filter (where direction = 1) as inflow_count,
        sum(transfer_count) filter (where direction = -1) as outflow_count
    from legs
    group by block_date, token_key, wallet_id, exchange
),

series as (
    select
        token_key,
        wallet_id,
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
    left join {{ ref('int_exchange_series') }} as k on s.token_key = k.token_key and s.wallet_id = k.wallet_id
),

calendar as (
    select
        s.token_key,
        s.wallet_id,
        s.exchange,
        s.first_date,
        s.has_every_day,
        {{ days_between('s.first_date', last_day()) }} as block_date
    from judged as s
    where s.has_every_day
    union all
    select
        s.token_key,
        s.wallet_id,
        s.exchange,
        s.first_date,
        s.has_every_day,
        d.block_date
    from judged as s
    inner join days as d on s.token_key = d.token_key and s.wallet_id = d.wallet_id and s.exchange = d.exchange
    where not s.has_every_day
)

select
    c.block_date,
    t.chain,
    t.token_symbol,
    t.token_address,
    a.address as wallet,
    c.exchange,
    coalesce(d.inflow, 0)::decimal(38, 18) as inflow,
    coalesce(d.outflow, 0)::decimal(38, 18) as outflow,
    (coalesce(d.inflow, 0) - coalesce(d.outflow, 0))::decimal(38, 18) as netflow,
    coalesce(d.inflow_count, 0)::bigint as inflow_count,
    coalesce(d.outflow_count, 0)::bigint as outflow_count,
    c.has_every_day
from calendar as c
inner join {{ ref('int_tokens__keys') }} as t on c.token_key = t.token_key
inner join {{ source('store', 'addresses') }} as a on c.wallet_id = a.address_id
left join days as d
    on
        c.block_date = d.block_date
        and c.token_key = d.token_key
        and c.wallet_id = d.wallet_id
        and c.exchange = d.exchange
where {{ is_written_again('m.wallet = a.address and m.exchange = c.exchange') }}
