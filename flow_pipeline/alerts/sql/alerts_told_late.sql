-- Gives: one row of alert_changes per alert that has waited and is told now without a change of its own
-- Reads: ledger.alerts
-- Takes: the relations alert_changes, alerts_to_tell
insert into alert_changes
select
    t.alert_id,
    t.revision + 1,
    'new'
from ledger.alerts as t
where
    t.alert_id in (select alert_id from alerts_to_tell)
    and t.alert_id not in (select alert_id from alert_changes)
