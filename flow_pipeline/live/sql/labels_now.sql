-- Gives: the temp table labels_now: one row per label that is known, of the followed chains, spelled as models have it
-- Reads: raw.labels
-- Takes: $chains, $evm (those of them that labels of every EVM chain are about), $known_on
-- It says of every label what staging.stg_raw__labels and intermediate.int_address_labels__intervals say of those of
-- addresses that were loaded; a test holds the two equal.
create or replace temp table labels_now as
with keyed as (
    select
        *,
        coalesce(nullif(regexp_replace(lower(entity), '[^\p{L}\p{N}]', '', 'g'), ''), lower(entity)) as entity_key
    from raw.labels
    where known_from is null or known_from < $known_on::date + interval 1 day
),

spelled as (
    select
        * exclude (entity),
        first_value(entity) over (
            partition by entity_key
            order by confidence desc, entity rows between unbounded preceding and unbounded following
        ) as entity
    from keyed
)

select
    c.chain,
    l.address,
    l.entity,
    l.category,
    l.label,
    list_sort(coalesce(l.regions, [])) as regions,
    l.confidence,
    l.source,
    coalesce(l.valid_from, timestamp '1970-01-01') as valid_from,
    coalesce(l.valid_to, timestamp '9999-12-31') as valid_to
from spelled as l
inner join (select unnest($chains::varchar[]) as chain) as c
    on l.chain = c.chain or (l.chain = '*' and c.chain in (select unnest($evm::varchar[])))
where l.address <> '0x0000000000000000000000000000000000000000'
union all
select
    unnest($chains::varchar[]) as chain,
    '0x0000000000000000000000000000000000000000' as address,
    'Burn' as entity,
    'burn' as category,
    'zero address' as label,
    [] as regions,
    1.0 as confidence,
    'rule' as source,
    timestamp '1970-01-01' as valid_from,
    timestamp '9999-12-31' as valid_to
