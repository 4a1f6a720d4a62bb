-- Gives: one row per expectation of the last audit that warns and does not hold
-- Reads: ops.audits
select
    stage || '|' || expectation as subject,
    stage || ' ' || expectation as topic,
    null as chain,
    null as block_date,
    'MEDIUM' as severity,
    null as rarity,
    null as stake_usd,
    'the audit of ' || stage || ' expects that ' || description || ': measured ' || format('{:g}', observed)
    || ', allowed ' || allowed as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    null as addresses,
    null as entities,
    -- What was measured is not compared: a count that grows every day is not news every day.
    json_object('stage', stage, 'expectation', expectation) as content,
    json_object('observed', observed, 'allowed', allowed) as baseline
from ops.audits
where
    not is_success
    and severity = 'warning'
    and run_id = (select arg_max(a.run_id, a.rowid) from ops.audits as a)
