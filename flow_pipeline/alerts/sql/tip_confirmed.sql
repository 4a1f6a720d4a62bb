-- Gives: alerts of the tip that the published build has compared, which are its own from now on
-- Reads: ops.alerts of the attached warehouse, alerts
-- Takes: nothing
update alerts set finality = null, content = p.content
from warehouse.ops.alerts as p
where p.alert_id = alerts.alert_id and p.finality is null and alerts.finality is not null
