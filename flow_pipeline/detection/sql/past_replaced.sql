-- Gives: the temp table replaced_findings: one row per stored finding that new ones stand for, or may stand for.
-- Reads: detection.findings, detection.finding_transfers
-- Takes: the relations chosen_findings, chosen_transfers, measures, replacement_rules
create or replace temp table replaced_findings as
with new_transfers as (
    select
        t.*,
        c.name,
        m.focus_address
    from chosen_transfers as t
    inner join chosen_findings as c using (typology, finding)
    inner join measures as m using (typology, finding)
),

stored_findings as (
    select
        f.*,
        r.replaces
    from detection.findings as f inner join replacement_rules as r on r.name = f.typology
    where f.last_timestamp >= r.since
),

overlap_counts as (
    select
        s.finding_id,
        s.transfer_count,
        s.replaces,
        count(*) as transfers
    from stored_findings as s
    inner join detection.finding_transfers as t using (finding_id)
    inner join new_transfers as n
        on
            n.name = s.typology
            and n.source_file = t.source_file
            and n.source_row = t.source_row
            and n.block_timestamp = t.block_timestamp
            and (s.replaces = 'contained_anywhere' or n.focus_address is not distinct from s.focus_address)
    group by s.finding_id, s.transfer_count, s.replaces, n.typology, n.finding
)

select distinct finding_id from overlap_counts
where transfers = transfer_count or replaces = 'shared'
union
select f.finding_id
from detection.findings as f
inner join replacement_rules as r on r.name = f.typology
where f.last_timestamp >= r.open_since
