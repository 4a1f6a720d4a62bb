-- Gives: rows of ops.alerts: one row per alert that is new, changed or withdrawn
-- Reads: ledger.alerts
-- Takes: $now, $run; the relations alert_changes, alert_candidates, alert_explanations
insert into ops.alerts by name
select
    c.* exclude (addresses, entities, baseline),
    h.change,
    h.revision,
    coalesce(t.first_told_at, $now) as first_told_at,
    $now as changed_at,
    $run as run_id,
    x.explanation,
    null as acknowledged_by,
    null as acknowledged_at,
    null as acknowledged_reason,
    t.snoozed_by,
    t.snoozed_until,
    t.snoozed_reason
from alert_changes as h
inner join alert_candidates as c using (alert_id)
inner join alert_explanations as x using (alert_id)
left join ledger.alerts as t using (alert_id)
union all by name
select
    t.* replace (
        'withdrawn' as change,
        h.revision as revision,
        $now as changed_at,
        $run as run_id,
        null as acknowledged_by,
        null as acknowledged_at,
        null as acknowledged_reason
    )
from alert_changes as h
inner join ledger.alerts as t using (alert_id)
where h.change = 'withdrawn'
