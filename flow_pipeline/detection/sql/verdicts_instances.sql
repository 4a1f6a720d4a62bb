-- Gives: one row of the temp table instances per judged finding of a stretch of days, with the stronger one that it is
--   an instance of, NULL when it stands for itself, and how many are instances of it, stored or not.
-- Reads: nothing stored
-- Takes: $first, $until; the relations judged_findings, instances_in, instances
insert into instances
with findings as (
    select
        finding_id,
        unstored_instances,
        row_number() over (order by typology, block_date, strength desc, finding_id) - 1 as finding
    from judged_findings
    where block_date >= $first and block_date < $until
)

select
    p.finding_id,
    k.finding_id as instance_of,
    any_value(p.unstored_instances) + count(i.finding) + coalesce(sum(q.unstored_instances), 0)::bigint
        as instance_count
from findings as p
inner join instances_in as n on n.finding = p.finding
left join findings as k on k.finding = n.of
left join instances_in as i on i.of = p.finding
left join findings as q on q.finding = i.finding
group by p.finding_id, k.finding_id
