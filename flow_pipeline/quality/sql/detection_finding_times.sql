-- Gives: the number of findings whose first and last time are not those of their transfers
-- Reads: detection.findings, detection.finding_transfers
with changed as (
    select * from detection.findings
    where block_date >= date '{first_changed_day}'
),

spans as (
    select
        finding_id,
        min(block_timestamp) as first_timestamp,
        max(block_timestamp) as last_timestamp
    from detection.finding_transfers
    where finding_id in (select finding_id from changed)
    group by finding_id
)

select count(*)
from changed as f
inner join spans as s using (finding_id)
where f.first_timestamp <> s.first_timestamp or f.last_timestamp <> s.last_timestamp
