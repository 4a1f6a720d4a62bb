-- Gives: one row per group in detection.groups, those of the file and those of labels that the file does not name
-- Reads: intermediate.int_address_labels__intervals
-- Takes: the relations file_groups, group_memberships
insert into detection.groups
select
    group_id,
    name,
    type,
    risk_level,
    is_source,
    is_destination,
    'file' as origin,
    0 as address_count
from file_groups
union all
select
    i.entity as group_id,
    i.entity as name,
    upper(min(i.category)),
    risk_level(max(risk_rank(coalesce(i.risk_level, 'LOW')))),
    bool_or(i.is_source),
    bool_or(i.is_destination),
    'labels',
    0
from intermediate.int_address_labels__intervals as i
where
    i.entity in (select group_id from group_memberships)
    and i.entity not in (select group_id from file_groups)
    and i.category <> 'burn'
group by i.entity
