-- Gives: one row per address of a finding: who it is, else its ends, and below that its role
-- Reads: detection.finding_addresses, marts.dim_address_labels
-- Takes: $finding_id
with names as (
    select
        address,
        min_by(entity, valid_from) as entity
    from marts.dim_address_labels
    where
        address in (
            select address from detection.finding_addresses
            where finding_id = $finding_id
        )
    group by address
)

select
    a.address,
    coalesce(any_value(n.entity), left(a.address, 6) || '…' || right(a.address, 4))
    || chr(10) || string_agg(distinct a.role, ', ' order by a.role) as name
from detection.finding_addresses as a left join names as n using (address)
where a.finding_id = $finding_id
group by a.address
