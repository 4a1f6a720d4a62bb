-- Gives: one row per chain, address and stretch of time: whose it is, by which category, and its class in the totals
-- Reads: nothing
-- Takes: $home (regions); the relation labels_now
-- At each moment the label of the highest confidence names the entity.
with bounds as (
    select
        chain,
        address,
        valid_from as bound_at
    from labels_now
    union
    select
        chain,
        address,
        valid_to
    from labels_now
),

stretches as (
    select
        chain,
        address,
        bound_at as valid_from,
        lead(bound_at) over (partition by chain, address order by bound_at) as valid_to
    from bounds
)

select
    s.chain,
    s.address,
    epoch_us(s.valid_from) as start,
    epoch_us(s.valid_to) as stop,
    l.category,
    l.entity,
    case
        when l.category in ('exchange', 'bridge') then l.category
        when len(l.regions) = 0 then 'other'
        when list_has_all($home::varchar[], l.regions) then 'domestic'
        else 'foreign'
    end as class
from stretches as s
inner join labels_now as l
    on s.chain = l.chain and s.address = l.address and holds_at(l.valid_from, l.valid_to, s.valid_from)
where s.valid_to is not null
qualify
    row_number() over (
        partition by s.chain, s.address, s.valid_from
        order by l.confidence desc, l.category, l.entity, l.source, l.label
    ) = 1
order by s.chain, s.address, s.valid_from
