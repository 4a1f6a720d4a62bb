-- Gives: one row per kind of finding: how many each set of rules has, and what changes
-- Reads: nothing stored
-- Takes: the relation shadow_changes
select
    kind,
    count(before) as in_force,
    count(after) as under_the_set,
    count(*) filter (where change = 'new') as new,
    count(*) filter (where change = 'gone') as gone,
    count(*) filter (where change = 'moved') as moved
from shadow_changes
group by kind
order by kind
