with weeks as (
    select
        date_trunc('week', block_date)::date as week_start,
        token_key,
        sum(amount) filter (where flow_type <> 'self') as volume,
        sum(transfer_count) filter (where flow_type <> 'self') as transfer_count,
        sum(case
            when to_category = 'exchange' and from_category is distinct from 'exchange' then amount
            when from_category = 'exchange' and to_category is distinct from 'exchange' then -amount
            else 0
        end) as net
    from {{ ref('int_flows__daily') }}
    group by all
),

judged as (
    select
        token_key,
        is_known or active_days >= {{ var('unknown_token_days') }} as has_every_week
    from {{ ref('int_tokens__known') }}
),

calendar as (
    select
        w.token_key,
        j.has_every_week,
        {{ days_between('min(w.week_start)', last_day(), 7) }} as week_start
    from weeks as w
    inner join judged as j on w.token_key = j.token_key
    where j.has_every_week
    group by w.token_key, j.has_every_week
    union all
    select
        w.token_key,
        j.has_every_week,
        w.week_start
    from weeks as w
    inner join judged as j on w.token_key = j.token_key
    where not j.has_every_week
),

filled as (
    select
        c.week_start,
        c.token_key,
        c.has_every_week,
        coalesce(w.volume, 0)::decimal(38, 18) as volume,
        coalesce(w.transfer_count, 0)::bigint as transfer_count,
        coalesce(w.net, 0)::decimal(38, 18) as net,
        lag(c.week_start) over weeks_before as previous_week,
        lag(coalesce(w.volume, 0)) over weeks_before as volume_before
    from calendar as c
    left join weeks as w on c.week_start = w.week_start and c.token_key = w.token_key
    window weeks_before as (partition by c.token_key order by c.week_start)
),

compared as (
    select
        *,
        case
            when previous_week = week_start - interval 7 day then volume_before
            when previous_week is not null then 0
        end::decimal(38, 18) as previous_volume
    from filled
)

select
    extract(year from f.week_start + interval 3 day)::string
    || '-W' || lpad(extract(week from f.week_start)::string, 2, '0') as iso_week,
    f.week_start,
    t.chain,
    t.token_symbol,
    t.token_address,
    f.volume,
    f.transfer_count,
    f.net,
    f.previous_volume,
    (f.volume - f.previous_volume)::decimal(38, 18) as volume_change,
    case when f.previous_volume > 0 then {{ as_double('f.volume') }} / {{ as_double('f.previous_volume') }} - 1 end
        as volume_change_share,
    f.has_every_week
from compared as f
inner join {{ ref('int_tokens__keys') }} as t on f.token_key = t.token_key
