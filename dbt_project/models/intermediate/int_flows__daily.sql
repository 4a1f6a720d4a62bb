{{ config(materialized='incremental', pre_hook="{{ forget_dirty_days() }}") }}
-- One pass over the transfers: a row per day, token, labelled sender and labelled receiver (all unlabelled ends
-- together). Every daily netflow, region and volume table is a sum over these few rows.
with interval_flows as (
    select
        x.block_date,
        x.token_key,
        x.from_id = x.to_id as is_self,
        s.interval_id as from_interval,
        r.interval_id as to_interval,
        coalesce(sum(x.amount), 0)::decimal(38, 18) as amount,
        sum(x.amount_usd)::decimal(38, 6) as amount_usd,
        count(x.amount_usd) filter (where x.amount > 0) as priced_count,
        count(*) filter (where x.amount > 0) as amount_count,
        count(*) filter (where x.amount is null) as unknown_amount_count
    from {{ ref('int_transfers__keyed') }} as x
    left join {{ ref('int_address_labels__intervals') }} as s
        on x.from_id = s.address_id and x.chain = s.chain and holds_at(s.valid_from, s.valid_to, x.block_timestamp)
    left join {{ ref('int_address_labels__intervals') }} as r
        on x.to_id = r.address_id and x.chain = r.chain and holds_at(r.valid_from, r.valid_to, x.block_timestamp)
    where {{ in_dirty_days('x.block_date') }}
    group by all
)

select
    m.block_date,
    m.token_key,
    {{ flow_type('m.is_self', 's.category', 's.entity', 'r.category', 'r.entity') }} as flow_type,
    s.address_id as from_wallet_id,
    s.entity as from_entity,
    s.category as from_category,
    coalesce(s.region, 'UNKNOWN') as from_region,
    r.address_id as to_wallet_id,
    r.entity as to_entity,
    r.category as to_category,
    coalesce(r.region, 'UNKNOWN') as to_region,
    m.amount,
    m.amount_usd,
    m.priced_count,
    m.amount_count,
    m.unknown_amount_count,
    m.amount_count + m.unknown_amount_count as transfer_count
from interval_flows as m
left join {{ ref('int_address_labels__intervals') }} as s on m.from_interval = s.interval_id
left join {{ ref('int_address_labels__intervals') }} as r on m.to_interval = r.interval_id
