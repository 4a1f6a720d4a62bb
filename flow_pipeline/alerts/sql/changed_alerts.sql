-- Gives: rows of ops.alerts: one row per alert that is new, changed or withdrawn, or that has waited and is told now
-- Reads: ledger.alerts
-- Takes: $now, $run; the relations alert_changes, alert_candidates, alert_explanations, alerts_to_tell, alert_parts
insert into ops.alerts by name
select
    c.* exclude (addresses, entities, baseline),
    h.change,
    h.revision,
    coalesce(t.first_told_at, $now) as first_told_at,
    case when n.alert_id is not null then coalesce(t.told_at, $now) else t.told_at end as told_at,
    $now as changed_at,
    $run as run_id,
    x.explanation,
    p.part_of,
    null as acknowledged_by,
    null as acknowledged_at,
    null as acknowledged_reason,
    null as acknowledged_as,
    t.snoozed_by,
    t.snoozed_until,
    t.snoozed_reason
from alert_changes as h
inner join alert_candidates as c using (alert_id)
inner join alert_explanations as x using (alert_id)
left join alerts_to_tell as n using (alert_id)
left join alert_parts as p using (alert_id)
left join ledger.alerts as t using (alert_id)
union all by name
select
    t.* replace (
        h.change as change,
        h.revision as revision,
        case when n.alert_id is not null then coalesce(t.told_at, $now) else t.told_at end as told_at,
        case when h.change = 'withdrawn' then t.part_of end as part_of,
        $now as changed_at,
        $run as run_id,
        null as acknowledged_by,
        null as acknowledged_at,
        null as acknowledged_reason,
        null as acknowledged_as
    )
from alert_changes as h
inner join ledger.alerts as t using (alert_id)
left join alerts_to_tell as n using (alert_id)
where h.alert_id not in (select alert_id from alert_candidates)
