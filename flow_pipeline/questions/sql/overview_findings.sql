-- Gives: one row per typology: findings that are suspicious, all that fit, the highest score, the one to look at
--   first in words
-- Reads: detection.findings
select
    typology,
    count(*) filter (where is_suspicious) as suspicious,
    count(*) filter (where instance_of is null) as fitting,
    max(score) as score,
    arg_max(
        reason,
        row(risk_rank(severity), coalesce(moved_usd::double, -1), coalesce(stake, -1), score)
    ) filter (where is_suspicious) as first
from detection.findings
group by typology
order by max(score) desc, suspicious desc, typology
