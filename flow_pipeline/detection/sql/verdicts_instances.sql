-- Gives: the temp table instances: one row per judged finding, with the stronger one that it is an instance of, NULL
--   when it stands for itself, and how many are instances of it.
-- Reads: nothing stored
-- Takes: the relations judged_findings, instances_in
create or replace temp table instances as
with findings as (
    select
        finding_id,
        row_number() over (order by typology, block_date, strength desc, finding_id) - 1 as finding
    from judged_findings
)

select
    p.finding_id,
    k.finding_id as instance_of,
    count(i.finding) as instance_count
from findings as p
inner join instances_in as n on n.finding = p.finding
left join findings as k on k.finding = n.of
left join instances_in as i on i.of = p.finding
group by p.finding_id, k.finding_id
