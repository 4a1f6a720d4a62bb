-- Gives: one row per cluster of a part with its hours
-- Reads: nothing
-- Takes: $part; the relations clusters_of_days, cluster_owners
select
    c.* exclude (part, owner, category_number),
    e.entity,
    g.category
from clusters_of_days as c
inner join (
    select distinct
        owner,
        entity
    from cluster_owners
) as e using (owner)
inner join (
    select distinct
        category_number,
        category
    from cluster_owners
) as g using (category_number)
where c.part = $part
order by c.cluster
