-- Gives: the temp table new_ids: one row per alert of the warehouse that the ledger has not, or not so
-- Reads: ops.alerts of the attached warehouse, alerts
-- Takes: $run
-- The tip may have written while the build compared: what the build found stands.
create or replace temp table new_ids as
select p.alert_id
from warehouse.ops.alerts as p
left join alerts as t using (alert_id)
where
    t.alert_id is null
    or p.revision > t.revision
    or (
        p.finality is null
        and t.finality is not null
        and p.run_id = $run
        and (p.content, p.change) is distinct from (t.content, t.change)
    )
