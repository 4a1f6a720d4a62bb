-- Gives: one row per entity that another has dealt with on a chain, with what went either way, most transfers first;
--   all addresses without a label count as one, without a name
-- Reads: intermediate.int_flows__daily, intermediate.int_tokens__keys
-- Takes: $chain, $entity; $most
with legs as (
    select
        case when f.from_entity = $entity then f.to_entity else f.from_entity end as entity,
        case when f.from_entity = $entity then f.to_category else f.from_category end as category,
        coalesce(f.from_entity = $entity, false) as is_out,
        f.transfer_count,
        f.amount_usd,
        f.block_date
    from intermediate.int_flows__daily as f
    inner join intermediate.int_tokens__keys as k using (token_key)
    where
        k.chain = $chain
        and (f.from_entity = $entity or f.to_entity = $entity)
        and f.from_entity is distinct from f.to_entity
)

select
    entity,
    category,
    coalesce(sum(transfer_count) filter (where is_out), 0)::bigint as transfers_out,
    coalesce(sum(transfer_count) filter (where not is_out), 0)::bigint as transfers_in,
    sum(amount_usd) filter (where is_out) as usd_out,
    sum(amount_usd) filter (where not is_out) as usd_in,
    min(block_date) as first_day,
    max(block_date) as last_day
from legs
group by entity, category
order by transfers_out + transfers_in desc, entity, category
limit $most
