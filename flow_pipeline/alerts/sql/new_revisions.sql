-- Gives: the temp table new_revisions: one row per alert of the warehouse whose revision the ledger does not have, with
--   the content and the explanation that it replaces
-- Reads: ops.alerts of the attached warehouse, alerts
-- Takes: the relation new_ids
create or replace temp table new_revisions as
with published as (
    select *
    from warehouse.ops.alerts
    where alert_id in (select alert_id from new_ids)
),

replaced as (
    select
        alert_id,
        content,
        explanation,
        revision
    from alerts
    where alert_id in (select alert_id from new_ids)
)

select
    p.* replace (greatest(p.revision, coalesce(t.revision, 0) + 1) as revision),
    t.content as before,
    t.explanation as explained_before
from published as p
left join replaced as t using (alert_id)
