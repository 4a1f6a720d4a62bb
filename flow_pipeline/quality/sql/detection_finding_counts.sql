-- Gives: the number of findings that have not as many transfers and addresses as they say
-- Reads: detection.findings, detection.finding_transfers, detection.finding_addresses
with changed as (
    select * from detection.findings
    where block_date >= date '{first_changed_day}'
),

transfers as (
    select
        finding_id,
        count(*) as row_count
    from detection.finding_transfers
    where finding_id in (select finding_id from changed)
    group by finding_id
),

addresses as (
    select
        finding_id,
        count(*) as row_count
    from detection.finding_addresses
    where finding_id in (select finding_id from changed)
    group by finding_id
)

select count(*)
from changed as f
left join transfers as t using (finding_id)
left join addresses as a using (finding_id)
where f.transfer_count is distinct from t.row_count or f.address_count is distinct from a.row_count
