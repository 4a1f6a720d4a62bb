{{ config(materialized='view') }}
with built as (select {{ last_day() }} as last_day),

{% for days in var('top_windows') %}
received_{{ days }} as (
    select
        {{ days }} as window_days,
        token_key,
        chain,
        to_id,
        sum(amount) as amount,
        count(*) as transfer_count
    from {{ ref('int_transfers__keyed') }}
    where
        from_id <> to_id and amount is distinct from 0
        {% if days %}and block_date > (select last_day from built) - interval {{ days }} day{% endif %}
    group by all
),
{% endfor %}

frontrunners as (
    select
        *,
        sum(amount) over (partition by window_days, token_key) as total
    from (
        {% for days in var('top_windows') %}
        select * from received_{{ days }}{% if not loop.last %} union all{% endif %}
        {% endfor %}
    )
    qualify
        least(
            rank() over (partition by window_days, token_key order by amount desc nulls last, transfer_count desc),
            rank() over (partition by window_days, token_key order by transfer_count desc, amount desc nulls last)
        ) <= {{ var('top_n') }}
),

ranked as (
    select
        l.*,
        a.address,
        row_number() over (partition by l.window_days, l.token_key order by l.amount desc nulls last, l.transfer_count desc, a.address) as rank_by_amount,
        row_number() over (partition by l.window_days, l.token_key order by l.transfer_count desc, l.amount desc nulls last, a.address) as rank_by_count
    from frontrunners as l
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
