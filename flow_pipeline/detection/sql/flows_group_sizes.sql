-- Gives: detection.groups with the count of addresses of each group that has any
-- Reads: detection.groups
-- Takes: the relation flow_members
update detection.groups set address_count = m.addresses
from (
    select
        group_id,
        count(distinct address_id) as addresses
    from flow_members
    group by group_id
) as m
where m.group_id = groups.group_id
