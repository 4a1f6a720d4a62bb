-- Gives: one row per address of some ids: how many counterparties it has, its risk and its findings
-- Reads: store.addresses, store.counterparties, the transfers by address, detection.address_risk
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $ids; $first, the first day that
--   store.counterparties does not have, null where it has none
with asked as materialized (
    select
        address_id,
        address
    from store.addresses
    where address_id in (select unnest($ids::integer[]))
),

listed as materialized (
    select
        address_id,
        other_id
    from store.counterparties
    where chain = $chain and address_id in (select unnest($ids::integer[]))
),

totals as (
    select
        address_id,
        count(*) as counterparties
    from listed
    group by address_id
),

-- those of addresses that are not busy, and those that came after the others were ranked
news as (
    select distinct
        e.address_id,
        e.other_id
    from ${ends} as e
    left join totals as t on e.address_id = t.address_id
    where
        e.chain = $chain
        and e.is_counted
        and e.address_id in (select unnest($ids::integer[]))
        and (t.address_id is null or e.block_timestamp >= $first::date)
),

newcomers as (
    select
        n.address_id,
        count(*) as counterparties
    from news as n
    anti join listed as l on n.address_id = l.address_id and n.other_id = l.other_id
    group by n.address_id
)

select
    a.address_id,
    coalesce(t.counterparties, 0) + coalesce(n.counterparties, 0) as counterparties,
    r.score as risk,
    r.category as risk_category,
    coalesce(r.finding_count, 0) as findings
from asked as a
left join totals as t on a.address_id = t.address_id
left join newcomers as n on a.address_id = n.address_id
left join detection.address_risk as r on r.chain = $chain and a.address = r.address
