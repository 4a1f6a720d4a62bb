-- Gives: one row per expectation that the last audit did not see met
-- Reads: ops.audits
select
    stage,
    expectation,
    description,
    observed,
    allowed
from ops.audits
where not is_success and run_id = (select arg_max(latest.run_id, latest.rowid) from ops.audits as latest)
order by stage, expectation
