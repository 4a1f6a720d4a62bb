-- All windows in one pass; ranking then needs only the few receivers that reach the last ranked one's amount or count.
with built as (select {{ last_day() }} as last_day),

received as materialized (
    select
        token_key,
        chain,
        to_id
        {%- for days in var('top_windows') %}
        {%- set inside = 'block_date > (select last_day from built) - interval ' ~ days ~ ' day' if days else 'true' %},
        sum(amount) filter (where {{ inside }}) as amount_{{ days }},
        count(*) filter (where {{ inside }}) as count_{{ days }}
        {%- endfor %}
    from {{ ref('int_transfers__keyed') }}
    where from_id <> to_id and amount is distinct from 0
    group by token_key, chain, to_id
),

bars as (
    select
        token_key
        {%- for days in var('top_windows') %},
        sum(amount_{{ days }}) as total_{{ days }},
        list_min(max(amount_{{ days }}, {{ var('top_n') }})) as least_amount_{{ days }},
        list_min(max(count_{{ days }}, {{ var('top_n') }}) filter (where count_{{ days }} > 0)) as least_count_{{ days }}
        {%- endfor %}
    from received
    group by token_key
),

-- many receivers share the last ranked count: among them the amount decides
ties as (
    select
        r.token_key
        {%- for days in var('top_windows') %},
        list_min(max(r.amount_{{ days }}, {{ var('top_n') }}) filter (where r.count_{{ days }} = b.least_count_{{ days }})) as tied_amount_{{ days }}
        {%- endfor %}
    from received as r
    inner join bars as b on r.token_key = b.token_key
    group by r.token_key
),

frontrunners as materialized (
    select r.*, b.* exclude (token_key), s.* exclude (token_key)
    from received as r
    inner join bars as b on r.token_key = b.token_key
    inner join ties as s on r.token_key = s.token_key
    where
        {% for days in var('top_windows') -%}
        {{ reaches_the_bar(days) }}
        {% if not loop.last %}or {% endif %}
        {%- endfor %}
),

leaders as (
    {% for days in var('top_windows') %}
    select {{ days }} as window_days, token_key, chain, to_id, amount_{{ days }} as amount, count_{{ days }} as transfer_count, total_{{ days }} as total
    from frontrunners
    where {{ reaches_the_bar(days) }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

ranked as (
    select
        l.*,
        a.address,
        row_number() over (partition by l.window_days, l.token_key order by l.amount desc nulls last, l.transfer_count desc, a.address) as rank_by_amount,
        row_number() over (partition by l.window_days, l.token_key order by l.transfer_count desc, l.amount desc nulls last, a.address) as rank_by_count
    from leaders as l
    inner join {{ source('store', 'addresses') }} as a on l.to_id = a.address_id
    qualify least(rank_by_amount, rank_by_count) <= {{ var('top_n') }}
)

select
    d.window_days,
    (select last_day from built) as last_day,
    t.chain,
    t.token_symbol,
    t.token_address,
    d.rank_by_amount,
    d.rank_by_count,
    d.address as to_address,
    i.entity,
    i.category,
    coalesce(i.regions, []) as regions,
    d.amount::decimal(38, 18) as amount,
    d.transfer_count,
    d.amount::double / nullif(d.total, 0)::double as amount_share
from ranked as d
inner join {{ ref('int_tokens__keys') }} as t on d.token_key = t.token_key
left join {{ ref('int_address_labels__intervals') }} as i
    on
        d.to_id = i.address_id and d.chain = i.chain
        and (select last_day from built) + interval 1 day - interval 1 microsecond >= i.valid_from
        and (select last_day from built) + interval 1 day - interval 1 microsecond < i.valid_to
