-- Gives: one row of detection.findings per stored finding whose verdict is another now, with that one.
-- Reads: detection.findings
-- Takes: the relation verdicts
update detection.findings as f set
    instance_of = v.instance_of,
    instance_count = v.instance_count,
    e_value = v.e_value,
    pool_size = v.pool_size,
    pool_place = v.pool_place,
    strength_needed = v.strength_needed,
    stake = v.stake,
    is_assessed = v.is_assessed,
    judged_by = v.judged_by,
    is_suspicious = v.is_suspicious,
    score = v.score,
    severity = v.severity,
    verdict = v.verdict
from verdicts as v
where
    v.finding_id = f.finding_id
    and (
        f.verdict is distinct from v.verdict
        or f.score is distinct from v.score
        or f.severity is distinct from v.severity
        or f.instance_count is distinct from v.instance_count
        or f.e_value is distinct from v.e_value
        or f.pool_size is distinct from v.pool_size
        or f.pool_place is distinct from v.pool_place
        or f.strength_needed is distinct from v.strength_needed
        or f.stake is distinct from v.stake
    )
