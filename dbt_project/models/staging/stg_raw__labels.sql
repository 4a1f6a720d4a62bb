-- One entity has one spelling: of names that differ only in case and signs, the best-attested one is shown.
with keyed as (
    select
        *,
        coalesce(nullif({{ letters_and_digits('lower(entity)') }}, ''), lower(entity)) as entity_key
    from {{ source('raw', 'labels') }}
    where known_from is null or known_from < date '{{ var("labels_as_known_on") }}' + interval 1 day
)

select
    chain,
    address,
    entity_key,
    first_value(entity) over (
        partition by entity_key
        order by confidence desc, entity rows between unbounded preceding and unbounded following
    ) as entity,
    coalesce(entity_type, category) as entity_type,
    category,
    label,
    array_sort(coalesce(regions, {{ list_of([]) }})) as regions,
    risk_level,
    confidence,
    source,
    coalesce(valid_from, timestamp '1970-01-01') as valid_from,
    coalesce(valid_to, timestamp '9999-12-31') as valid_to,
    known_from,
    is_source,
    is_destination
from keyed
