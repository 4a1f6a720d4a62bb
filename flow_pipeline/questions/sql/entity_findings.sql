-- Gives: one row per finding with an address of an entity in it, with their roles, suspicious and severe ones first
-- Reads: detection.findings, detection.finding_addresses, marts.dim_address_labels
-- Takes: $chain, $entity; $is_evm, whether a label of every chain holds on this one; $most
with own as (
    select
        finding_id,
        list(distinct role order by role) as roles
    from detection.finding_addresses
    where
        chain = $chain
        and address in (
            select address from marts.dim_address_labels
            where entity = $entity and (chain = $chain or ($is_evm and chain = '*'))
        )
    group by finding_id
)

select
    f.finding_id,
    f.typology,
    f.severity,
    f.is_suspicious,
    f.e_value,
    f.block_date,
    f.token_symbol,
    f.moved_amount,
    f.moved_usd,
    f.reason,
    o.roles
from detection.findings as f
inner join own as o using (finding_id)
order by f.is_suspicious desc, risk_rank(f.severity) desc nulls last, f.moved_usd desc nulls last, f.finding_id
limit $most
