-- Gives: rows of events: one row per new revision of an alert
-- Reads: nothing else
-- Takes: the relation new_revisions
insert into events by name
select
    md5(concat_ws('|', alert_id, revision, change, content)) as event_id,
    alert_id,
    revision,
    change,
    changed_at as made_at,
    run_id,
    rule,
    topic,
    severity,
    title,
    before::json as before,
    case when change <> 'withdrawn' then content end::json as after,
    explained_before::json as explained_before
from new_revisions
