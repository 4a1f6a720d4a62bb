-- Gives: one row per typology: findings that are suspicious, all that fit, the highest score, the rarest in words
-- Reads: detection.findings
select
    typology,
    count(*) filter (where is_suspicious) as suspicious,
    count(*) filter (where instance_of is null) as fitting,
    max(score) as score,
    arg_max(reason, score) filter (where is_suspicious) as rarest
from detection.findings
group by typology
order by max(score) desc, suspicious desc, typology
