-- Who an address belongs to, as stretches of time that do not overlap: at each moment the label of the highest
-- confidence names the entity. The zero address is burn on every chain, whatever a list says.
with chains as (
    select distinct chain from {{ source('store', 'tokens') }}
),

labelled as (
    select
        c.chain,
        a.address_id,
        {{ all_but('l', ['chain', 'known_from']) }}
    from {{ ref('stg_raw__labels') }} as l
    inner join chains as c
        on l.chain = c.chain or (l.chain = '*' and c.chain in ({{ quoted(var('evm_chains')) }}))
    inner join {{ source('store', 'addresses') }} as a on l.address = a.address
    where l.address <> '0x0000000000000000000000000000000000000000'
    union all
    select
        c.chain,
        a.address_id,
        a.address,
        'burn' as entity_key,
        'Burn' as entity,
        'burn' as entity_type,
        'burn' as category,
        'zero address' as label,
        {{ list_of([]) }} as regions,
        'LOW' as risk_level,
        1.0 as confidence,
        'rule' as source,
        timestamp '1970-01-01' as valid_from,
        timestamp '9999-12-31' as valid_to,
        false as is_source,
        true as is_destination
    from {{ source('store', 'addresses') }} as a
    cross join chains as c
    where a.address = '0x0000000000000000000000000000000000000000'
),

bounds as (
    select
        chain,
        address_id,
        valid_from as bound_at
    from labelled
    union
    select
        chain,
        address_id,
        valid_to
    from labelled
),

stretches as (
    select
        chain,
        address_id,
        bound_at as valid_from,
        lead(bound_at) over (partition by chain, address_id order by bound_at) as valid_to
    from bounds
),

winners as (
    select
        s.chain,
        s.address_id,
        l.address,
        s.valid_from,
        s.valid_to,
        l.entity,
        l.entity_type,
        l.category,
        l.label,
        l.regions,
        l.risk_level,
        l.confidence,
        l.source,
        l.is_source,
        l.is_destination,
        count(*) over same_stretch as label_count,
        max(l.entity_key) over same_stretch <> min(l.entity_key) over same_stretch as has_conflict,
        row_number() over (
            partition by s.chain, s.address_id, s.valid_from
            order by
                l.confidence desc nulls last,
                l.category nulls last,
                l.entity nulls last,
                l.source nulls last,
                l.label nulls last
        ) as place
    from stretches as s
    inner join labelled as l
        on
            s.chain = l.chain
            and s.address_id = l.address_id
            and holds_at(l.valid_from, l.valid_to, s.valid_from)
    where s.valid_to is not null
    window same_stretch as (partition by s.chain, s.address_id, s.valid_from)
)

select
    row_number() over (order by chain, address_id, valid_from)::integer as interval_id,
    {{ all_but('winners', ['place']) }},
    {{ region_of('regions') }} as region,
    {{ is_home('regions') }} as is_home
from winners
where place = 1
