-- Gives: one row per change, severity and rule of the alerts that the last run changed
-- Reads: ops.alerts, ops.publications
select
    change,
    severity,
    rule,
    count(*) as alerts,
    any_value(title) as example
from ops.alerts
where run_id = (select max(run_id) from ops.publications)
group by all
order by all
