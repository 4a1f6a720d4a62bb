-- Gives: the first day that gains or loses a finding, in the stretches before or in this one.
-- Reads: detection.findings
-- Takes: $before; the relations chosen_findings, measures, replaced_findings
-- A day's paths share transfers, and a pool holds the days before: what ended on or after this day is judged again.
select least($before::date, min(block_date)) from (
    select m.last_timestamp::date as block_date
    from measures as m semi join chosen_findings using (typology, finding)
    union all
    select block_date from detection.findings
    where finding_id in (select finding_id from replaced_findings)
)
