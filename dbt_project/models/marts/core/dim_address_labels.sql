select
    chain,
    address,
    entity,
    max_by(entity_type, (confidence, entity_type)) as entity_type,
    category,
    max_by(label, (confidence, label)) filter (where label is not null) as label,
    array_sort(array_distinct(flatten(array_agg(regions)))) as regions,
    max_by(risk_level, (confidence, risk_level)) filter (where risk_level is not null) as risk_level,
    max(confidence) as confidence,
    {{ joined('array_sort(array_agg(distinct source))', "'; '") }} as source,
    valid_from,
    max(valid_to) as valid_to,
    min(known_from) as known_from,
    bool_or(is_source) as is_source,
    bool_or(is_destination) as is_destination
from {{ ref('stg_raw__labels') }}
group by chain, address, entity, category, valid_from
