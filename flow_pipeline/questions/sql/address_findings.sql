-- Gives: one row per finding with an address in it and its role there, suspicious and severe ones first
-- Reads: detection.findings, detection.finding_addresses
-- Takes: $chain, $address; $most
select
    f.finding_id,
    f.typology,
    a.role,
    f.severity,
    f.is_suspicious,
    f.e_value,
    f.block_date,
    f.token_symbol,
    f.moved_amount,
    f.moved_usd,
    f.transfer_count,
    f.reason
from detection.findings as f
inner join detection.finding_addresses as a using (finding_id)
where a.chain = $chain and a.address = $address
order by f.is_suspicious desc, risk_rank(f.severity) desc nulls last, f.moved_usd desc nulls last, f.finding_id, a.role
limit $most
