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
        order by score desc, moved_usd desc nulls last, gross_amount desc, finding_id
    ) = 1
