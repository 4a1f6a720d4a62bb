-- Gives: the temp table new_revisions: one row per alert of a source that the tip does not find any more, withdrawn
-- Reads: alerts
-- Takes: $source, $since (first day that the tip looks back on), $now; the relation standing
create or replace temp table new_revisions as
select
    t.* replace (
        'withdrawn' as change,
        t.revision + 1 as revision,
        $now as changed_at,
        'tip' as run_id,
        null as acknowledged_by,
        null as acknowledged_at,
        null as acknowledged_reason,
        null as acknowledged_as
    ),
    t.content as before,
    t.explanation as explained_before
from alerts as t
where
    t.finality in ('seen', 'safe')
    and t.change <> 'withdrawn'
    and t.block_date >= $since
    and (t.explanation ->> '$.tip.source') = $source
    and t.alert_id not in (select s.alert_id from standing as s)
