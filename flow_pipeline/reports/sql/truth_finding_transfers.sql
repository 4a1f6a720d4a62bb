-- Gives: one row per suspicious finding: its typology and its transfers
-- Reads: detection.findings, detection.finding_transfers
select
    f.typology,
    f.finding_id,
    list((t.tx_hash, t.transfer_index)) as transfers
from detection.findings as f
inner join detection.finding_transfers as t using (finding_id)
where f.is_suspicious
group by all
