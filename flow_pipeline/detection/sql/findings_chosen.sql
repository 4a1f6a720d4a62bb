-- Gives: the temp table chosen_findings: one row per finding to store, at most so many per typology and day, the
--   strongest first.
-- Reads: nothing stored
-- Takes: $max_findings; the relation measures
create or replace temp table chosen_findings as
select
    m.finding_id,
    m.name,
    m.typology,
    m.finding
from measures as m
qualify
    row_number()
        over (
            partition by m.typology, m.last_timestamp::date
            order by m.strength desc, m.gross_amount desc, m.finding_id
        )
    <= $max_findings
    and row_number() over (partition by m.finding_id order by m.finding) = 1
