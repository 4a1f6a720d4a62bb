-- Gives: alerts of the tip that stand with the same content, at the block and the finality that they have now
-- Reads: alerts
-- Takes: the relations tip_alerts, new_revisions
-- A transfer whose block fell is often in the next one: that is no news.
update alerts set finality = n.finality, explanation = n.explanation
from tip_alerts as n
where
    n.alert_id = alerts.alert_id
    and n.is_standing
    and alerts.finality is not null
    and alerts.finality <> 'landed'
    and n.alert_id not in (select r.alert_id from new_revisions as r)
