-- Gives: one row per typology: its rarest suspicious finding
-- Reads: detection.findings
select
    typology,
    finding_id
from detection.findings
where is_suspicious
qualify
    row_number() over (
        partition by typology
        order by risk_rank(severity) desc, moved_usd desc nulls last, stake desc nulls last, score desc, finding_id
    ) = 1
