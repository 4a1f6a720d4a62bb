-- Gives: the temp table chosen_findings: one row per finding to store, at most so many per typology and day, with its
--   verdict.
-- Reads: nothing stored
-- Takes: $max_findings; the relations measures, verdicts
create or replace temp table chosen_findings as
select
    m.finding_id,
    m.name,
    v.*
from measures as m inner join verdicts as v using (typology, finding)
qualify
    row_number()
        over (
            partition by m.typology, m.last_timestamp::date
            order by v.is_suspicious desc, m.gross_amount desc, m.finding_id
        )
    <= $max_findings
    and row_number() over (partition by m.finding_id order by m.finding) = 1
