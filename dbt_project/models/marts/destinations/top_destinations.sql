-- Ranking sorts only receivers that reach the last rank of some of them: the last rank of a part is never above the
-- last rank of the whole, so nobody who belongs on the list is lost, and the millions below it are not sorted. The part
-- is a sixteenth of all receivers, or, when only later days came, whoever is on the list.
-- sqlfluff:indentation:template_blocks_indent:false
-- sqlfluff:exclude_rules:ST03
{%- set grows = adds_days_only() %}
with built as (select {{ last_day() }} as last_day),

{% if grows -%}
listed as (
    select
        o.window_days,
        t.token_key,
        a.address_id as to_id,
        o.amount,
        o.transfer_count
    from {{ standing() }} as o
    inner join {{ ref('int_tokens__keys') }} as t
        on
            o.chain = t.chain
            and o.token_symbol is not distinct from t.token_symbol
            and o.token_address is not distinct from t.token_address
    inner join {{ source('store', 'addresses') }} as a on o.to_address = a.address
),

receipts_since as (
    select
        token_key,
        to_id,
        sum(amount) as amount,
        count(*) as transfer_count
    from {{ ref('int_transfers__keyed') }}
    where
        block_date in (select block_date from {{ source('store', 'dirty_days') }})
        and from_id <> to_id
        and amount is distinct from 0
    group by token_key, to_id
),

{% endif -%}
{#- As a join the window's days prune what is read; as a comparison with a subquery they would not. -#}
{% for days in var('top_windows') -%}
{%- set first_day = 'last_day - interval ' ~ (days | int - 1) ~ ' day' -%}
{%- set window_days = 'select ' ~ days_between(first_day, 'last_day') ~ ' from built' -%}
{%- set inside = 'block_date in (' ~ window_days ~ ')' if days else 'true' -%}
{%- if grows and not days %}
-- Of all days: what the list said and what came since. Others are added up if they received anything since; else they
-- can not come onto it.
first_{{ days }} as (
    select
        token_key,
        to_id,
        sum(amount) as amount,
        sum(transfer_count)::bigint as transfer_count
    from (
        select
            token_key,
            to_id,
            amount,
            transfer_count
        from listed
        where window_days = 0
        union all
        select b.*
        from receipts_since as b
        semi join (
            select * from listed
            where window_days = 0
        ) as o
            on b.token_key = o.token_key and b.to_id = o.to_id
    )
    group by token_key, to_id
),

others as (
    select
        f.token_key,
        f.to_id,
        sum(f.amount) as amount,
        count(*) as transfer_count
    from {{ ref('int_transfers__keyed') }} as f
    semi join (
        select b.*
        from receipts_since as b
        anti join first_{{ days }} as o on b.token_key = o.token_key and b.to_id = o.to_id
    ) as n on f.token_key = n.token_key and f.to_id = n.to_id
    where f.from_id <> f.to_id and f.amount is distinct from 0
    group by f.token_key, f.to_id
),

{% else %}
received_{{ days }} as (
    select
        token_key,
        to_id,
        sum(amount) as amount,
        count(*) as transfer_count
    from {{ ref('int_transfers__keyed') }}
    where {{ inside }} and from_id <> to_id and amount is distinct from 0
    group by token_key, to_id
),

first_{{ days }} as (
    select r.*
    from received_{{ days }} as r
    {% if grows -%}
    semi join (select * from listed where window_days = {{ days }}) as o on r.token_key = o.token_key and r.to_id = o.to_id
    {%- else -%}
    where r.to_id % 16 = 0
    {%- endif %}
),

{% endif -%}
placed_{{ days }} as (
    select
        *,
        row_number() over (partition by token_key order by amount desc nulls last) as amount_place,
        row_number() over (partition by token_key order by transfer_count desc, amount desc nulls last) as count_place
    from first_{{ days }}
),

bars_{{ days }} as (
    select
        token_key,
        max(amount) filter (where amount_place = {{ var('top_n') }}) as least_amount,
        max(transfer_count) filter (where count_place = {{ var('top_n') }}) as least_count,
        max(amount) filter (where count_place = {{ var('top_n') }}) as tied_amount
    from placed_{{ days }}
    group by token_key
),

leaders_{{ days }} as (
    select
        {{ days }} as window_days,
        r.*
    from (
        {% if grows and not days -%}
        select * from first_{{ days }}
        union all
        select * from others
        {%- else -%}
        select * from received_{{ days }}
        {%- endif %}
    ) as r
    left join bars_{{ days }} as b on r.token_key = b.token_key
    where
        b.least_amount is null
        or r.amount >= b.least_amount
        or b.least_count is null
        or r.transfer_count > b.least_count
        or (r.transfer_count = b.least_count and (b.tied_amount is null or r.amount >= b.tied_amount))
),

{% endfor -%}

leaders as (
    {% for days in var('top_windows') -%}
    select * from leaders_{{ days }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

totals as (
    {% for days in var('top_windows') -%}
    select
        {{ days }} as window_days,
        token_key,
        sum(amount) as total
    from {{ ref('int_flows__daily') }}
    where
        flow_type <> 'self'
        {% if days %}and block_date > (select last_day from built) - interval {{ days }} day{% endif %}
    group by token_key
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

ranked as (
    select
        l.*,
        a.address,
        row_number() over (
            partition by l.window_days, l.token_key
            order by l.amount desc nulls last, l.transfer_count desc, a.address
        ) as rank_by_amount,
        row_number() over (
            partition by l.window_days, l.token_key
            order by l.transfer_count desc, l.amount desc nulls last, a.address
        ) as rank_by_count
    from leaders as l
    inner join {{ source('store', 'addresses') }} as a on l.to_id = a.address_id
    qualify least(rank_by_amount, rank_by_count) <= {{ var('top_n') }}
)

select
    d.window_days,
    b.last_day,
    t.chain,
    t.token_symbol,
    t.token_address,
    case when d.rank_by_amount <= {{ var('top_n') }} then d.rank_by_amount end as rank_by_amount,
    case when d.rank_by_count <= {{ var('top_n') }} then d.rank_by_count end as rank_by_count,
    d.address as to_address,
    i.entity,
    i.category,
    coalesce(i.regions, {{ list_of([]) }}) as regions,
    d.amount::decimal(38, 18) as amount,
    d.transfer_count,
    {{ as_double('d.amount') }} / {{ as_double('nullif(s.total, 0)') }} as amount_share
from ranked as d
cross join built as b
left join totals as s on d.window_days = s.window_days and d.token_key = s.token_key
inner join {{ ref('int_tokens__keys') }} as t on d.token_key = t.token_key
left join {{ ref('int_address_labels__intervals') }} as i
    on
        d.to_id = i.address_id and t.chain = i.chain
        and holds_at(i.valid_from, i.valid_to, b.last_day + interval 1 day - interval 1 microsecond)
