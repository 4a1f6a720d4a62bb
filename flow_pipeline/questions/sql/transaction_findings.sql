-- Gives: one row per finding that has a transfer of a transaction, with the places of these in it, the gravest first
-- Reads: detection.findings, detection.finding_transfers
-- Takes: $chain, $tx_hash
with within as (
    select
        finding_id,
        list(ordinal order by ordinal) as ordinals,
        list(distinct part order by part) as parts
    from detection.finding_transfers
    where chain = $chain and tx_hash = $tx_hash
    group by finding_id
)

select
    f.finding_id,
    f.typology,
    f.severity,
    f.is_suspicious,
    f.e_value,
    f.block_date,
    f.transfer_count,
    w.ordinals,
    w.parts,
    f.reason
from detection.findings as f
inner join within as w using (finding_id)
order by f.is_suspicious desc, risk_rank(f.severity) desc nulls last, f.moved_usd desc nulls last, f.finding_id
