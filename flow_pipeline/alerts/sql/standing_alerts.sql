-- Gives: the temp table standing_alerts: one row per alert that did not change, and whether ops.alerts has it so
-- Reads: ledger.alerts, ops.alerts
-- Takes: the relation alert_changes
create or replace temp table standing_alerts as
select
    t.alert_id,
    o.alert_id is not null as is_written
from ledger.alerts as t
left join ops.alerts as o
    on
        o.alert_id = t.alert_id
        and o.revision = t.revision
        and o.run_id is not distinct from t.run_id
        and o.acknowledged_at is not distinct from t.acknowledged_at
        and o.snoozed_until is not distinct from t.snoozed_until
where t.alert_id not in (select alert_id from alert_changes)
