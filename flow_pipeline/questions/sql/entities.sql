-- Gives: one row per chain and entity that has an address in the transfers, with its traffic over all days, the busiest
--   first; `rank` is its place among all that are asked for
-- Reads: intermediate.int_address_labels__intervals, intermediate.int_flows__daily, intermediate.int_tokens__keys
-- Takes: $chain and $category, null for all; $after, the rank behind which to begin; $most
with named as (
    select
        chain,
        entity,
        arg_max(category, confidence) as category,
        arg_max(region, confidence) as region,
        max(risk_rank(risk_level)) as risk,
        count(distinct address_id) as addresses
    from intermediate.int_address_labels__intervals
    where ($chain is null or chain = $chain) and ($category is null or category = $category)
    group by chain, entity
),

moved as (
    select
        k.chain,
        e.entity,
        sum(e.transfers_in) as transfers_in,
        sum(e.transfers_out) as transfers_out,
        sum(e.usd_in) as usd_in,
        sum(e.usd_out) as usd_out,
        min(e.block_date) as first_day,
        max(e.block_date) as last_day
    from (
        select
            token_key,
            block_date,
            to_entity as entity,
            transfer_count as transfers_in,
            0 as transfers_out,
            amount_usd as usd_in,
            null as usd_out
        from intermediate.int_flows__daily
        where to_entity is not null and to_entity is distinct from from_entity
        union all
        select
            token_key,
            block_date,
            from_entity,
            0,
            transfer_count,
            null,
            amount_usd
        from intermediate.int_flows__daily
        where from_entity is not null and to_entity is distinct from from_entity
    ) as e
    inner join intermediate.int_tokens__keys as k using (token_key)
    group by k.chain, e.entity
),

ranked as (
    select
        row_number() over (
            order by coalesce(m.transfers_in + m.transfers_out, 0) desc, n.addresses desc, n.entity, n.chain
        ) as rank,
        n.chain,
        n.entity,
        n.category,
        n.region,
        risk_level(n.risk) as risk_level,
        n.addresses,
        coalesce(m.transfers_in, 0)::bigint as transfers_in,
        coalesce(m.transfers_out, 0)::bigint as transfers_out,
        m.usd_in,
        m.usd_out,
        m.first_day,
        m.last_day
    from named as n
    left join moved as m using (chain, entity)
)

select *
from ranked
where rank > $after
order by rank
limit $most
