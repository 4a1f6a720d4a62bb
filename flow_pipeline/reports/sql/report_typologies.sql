-- Gives: one row per typology: its suspicious findings of a report's days, and all that fit it
-- Reads: detection.findings
-- Takes: $first_day, $last_day
select
    typology,
    count(*) filter (where is_suspicious) as suspicious,
    count(*) filter (where instance_of is null) as fitting
from detection.findings
where block_date between $first_day and $last_day
group by all
order by suspicious desc, typology
