-- Gives: the number of findings that have not as many transfers and addresses as they say
-- Reads: detection.findings, detection.finding_transfers, detection.finding_addresses
with transfers as (
    select
        finding_id,
        count(*) as row_count
    from detection.finding_transfers
    group by finding_id
),

addresses as (
    select
        finding_id,
        count(*) as row_count
    from detection.finding_addresses
    group by finding_id
)

select count(*)
from detection.findings as f
left join transfers as t using (finding_id)
left join addresses as a using (finding_id)
where f.transfer_count is distinct from t.row_count or f.address_count is distinct from a.row_count
