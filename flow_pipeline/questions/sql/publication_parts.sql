-- Gives: one row per detector and typology with findings: the name of its part of the table, how many rows it has
-- Reads: detection.daily_findings, detection.findings
select
    'detection.daily_findings.' || detector as part,
    count(*) as row_count
from detection.daily_findings
group by detector
union all
select
    'detection.findings.' || typology,
    count(*)
from detection.findings
group by typology
