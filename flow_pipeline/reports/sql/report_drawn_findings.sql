-- Gives: one row per finding that a report draws: of suspicious ones one of each typology before a second of any
-- Reads: detection.findings
-- Takes: $first_day, $last_day, $most
select
    finding_id,
    typology,
    reason
from detection.findings
where is_suspicious and block_date between $first_day and $last_day
order by
    row_number() over (
        partition by typology
        order by risk_rank(severity) desc, moved_usd desc nulls last, stake desc nulls last, score desc, finding_id
    ),
    risk_rank(severity) desc,
    moved_usd desc nulls last,
    stake desc nulls last,
    score desc,
    finding_id
limit $most
