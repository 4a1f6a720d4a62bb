with built as (select {{ last_day() }} as last_day),

{% for days in var('top_windows') %}
received_{{ days }} as materialized (
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

received as materialized (
    {% for days in var('top_windows') %}
    select * from received_{{ days }}{% if not loop.last %} union all{% endif %}
    {% endfor %}
),

-- What the last ranked receiver has: ranking needs only the few rows that reach it, not a sort of them all.
bars as (
    select
        window_days,
        token_key,
        sum(amount) as total,
        list_min(max(amount, {{ var('top_n') }})) as least_amount,
        list_min(max(transfer_count, {{ var('top_n') }})) as least_count
    from received
    group by window_days, token_key
),

second_bars as (
    select
        r.window_days,
        r.token_key,
        list_min(max(r.amount, {{ var('top_n') }})) as least_amount_at_count
    from received as r
    inner join bars as b on r.window_days = b.window_days and r.token_key = b.token_key
    where r.transfer_count = b.least_count
    group by r.window_days, r.token_key
),

frontrunners as (
    select r.*, b.total
    from received as r
    inner join bars as b on r.window_days = b.window_days and r.token_key = b.token_key
    left join second_bars as s on r.window_days = s.window_days and r.token_key = s.token_key
    where
        r.amount >= b.least_amount
        or r.transfer_count > b.least_count
        or (r.transfer_count = b.least_count and (r.amount >= s.least_amount_at_count or s.least_amount_at_count is null))
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
