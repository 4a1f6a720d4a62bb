-- Gives: one row per given address that a transfer of the chain names: who it is, its risk, findings, counterparties
-- Reads: store.transfers, store.addresses, intermediate.int_tokens__canonical,
--        intermediate.int_address_labels__intervals, detection.address_risk
-- Takes: $chain, $addresses
with asked as (
    select
        address_id,
        address
    from store.addresses
    where address in (select unnest($addresses::varchar[]))
),

ends as (
    select
        f.from_id as address_id,
        f.to_id as other_id
    from store.transfers as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    where k.chain = $chain and f.from_id in (select address_id from asked) and (f.amount is null or f.amount > 0)
    union
    select
        f.to_id as address_id,
        f.from_id as other_id
    from store.transfers as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    where k.chain = $chain and f.to_id in (select address_id from asked) and (f.amount is null or f.amount > 0)
),

counted as (
    select
        address_id,
        count(*) filter (where other_id <> address_id) as counterparties
    from ends
    group by address_id
),

-- the name that held last: a graph is about the whole time
named as (
    select
        address_id,
        arg_max(entity, valid_from) as entity,
        arg_max(category, valid_from) as category
    from intermediate.int_address_labels__intervals
    where chain in ($chain, '*') and address_id in (select address_id from asked)
    group by address_id
)

select
    a.address,
    n.entity,
    n.category,
    r.score as risk,
    r.category as risk_category,
    coalesce(r.finding_count, 0) as findings,
    c.counterparties
from asked as a
inner join counted as c using (address_id)
left join named as n using (address_id)
left join detection.address_risk as r on r.chain = $chain and a.address = r.address
order by a.address
