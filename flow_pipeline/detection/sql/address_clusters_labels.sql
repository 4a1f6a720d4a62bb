-- Gives: one row per label of an address and stretch of time in current_clusters
-- Reads: intermediate.int_address_labels__intervals
-- Takes: the relation current_clusters
insert into current_clusters by name
select
    entity as cluster_id,
    'label' as kind,
    chain,
    address_id,
    entity,
    confidence,
    source,
    valid_from as known_from,
    nullif(valid_to, timestamp '9999-12-31') as known_to,
    label as evidence
from intermediate.int_address_labels__intervals
