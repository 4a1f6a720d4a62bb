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

calendar as (
    select
        token_key,
        unnest(
            generate_series(min(week_start), date_trunc('week', {{ last_day() }})::date, interval 7 day)
        )::date as week_start
    from weeks
    group by token_key
),

filled as (
    select
        c.week_start,
        c.token_key,
        coalesce(w.volume, 0)::decimal(38, 18) as volume,
        coalesce(w.transfer_count, 0)::bigint as transfer_count,
        coalesce(w.net, 0)::decimal(38, 18) as net,
        lag(coalesce(w.volume, 0)) over (partition by c.token_key order by c.week_start) as previous_volume
    from calendar as c
    left join weeks as w on c.week_start = w.week_start and c.token_key = w.token_key
)

select
    strftime(f.week_start, '%G-W%V') as iso_week,
    f.week_start,
    t.chain,
    t.token_symbol,
    t.token_address,
    f.volume,
    f.transfer_count,
    f.net,
    f.previous_volume::decimal(38, 18) as previous_volume,
    (f.volume - f.previous_volume)::decimal(38, 18) as volume_change,
    case when f.previous_volume > 0 then f.volume::double / f.previous_volume::double - 1 end as volume_change_share
from filled as f
inner join {{ ref('int_tokens__keys') }} as t on f.token_key = t.token_key
