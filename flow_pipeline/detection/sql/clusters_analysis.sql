-- Gives: one row per cluster and token of a day in detection.cluster_analysis, without what was found in it
-- Reads: intermediate.int_tokens__keys
-- Takes: the relation measured_clusters
insert into detection.cluster_analysis by name
select
    m.* exclude (token_key),
    k.chain,
    k.token_symbol,
    k.token_address,
    '[]' as patterns,
    'LOW' as severity
from measured_clusters as m inner join intermediate.int_tokens__keys as k using (token_key)
