-- Gives: one row per example: the rarest findings of each kind and change
-- Reads: nothing stored
-- Takes: $examples; the relation shadow_changes
select
    change,
    kind,
    id,
    before,
    after,
    says
from shadow_changes
where change <> 'same'
qualify row_number() over (partition by kind, change order by rarity, id) <= $examples
order by kind, change, rarity, id
