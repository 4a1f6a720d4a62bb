-- Gives: the temp table flow_members: one row per group, chain, address and stretch of time, with the group's number
--   in the order of the ids
-- Reads: detection.groups
-- Takes: the relation group_memberships
create or replace temp table flow_members as
select
    m.*,
    g.number
from group_memberships as m
inner join (
    select
        group_id,
        row_number() over (order by group_id)::integer - 1 as number
    from detection.groups
) as g using (group_id)
