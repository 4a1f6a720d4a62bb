-- Gives: one row per typology: findings that are suspicious, all that fit, the highest score, the largest in words
-- Reads: detection.findings
select
    typology,
    count(*) filter (where is_suspicious) as suspicious,
    count(*) as fitting,
    max(score) as score,
    arg_max(reason, moved_amount) filter (where is_suspicious) as largest
from detection.findings
group by typology
order by max(score) desc, suspicious desc, typology
