select
    chain,
    address,
    entity,
    arg_max(entity_type, (confidence, entity_type)) as entity_type,
    category,
    arg_max(label, (confidence, label)) as label,
    list_sort(list_distinct(flatten(list(regions)))) as regions,
    arg_max(risk_level, (confidence, risk_level)) as risk_level,
    max(confidence) as confidence,
    string_agg(distinct source, '; ' order by source) as source,
    valid_from,
    max(valid_to) as valid_to,
    min(known_from) as known_from,
    bool_or(is_source) as is_source,
    bool_or(is_destination) as is_destination
from {{ ref('stg_raw__labels') }}
group by chain, address, entity, category, valid_from
