-- Gives: detection.cluster_analysis with the patterns and the severity of each row whose findings changed
-- Reads: detection.cluster_analysis
-- Takes: the relation cluster_patterns
update detection.cluster_analysis as c
set patterns = coalesce(p.patterns, '[]'), severity = coalesce(p.severity, 'LOW')
from detection.cluster_analysis as o
left join cluster_patterns as p
    on
        p.block_date = o.block_date
        and p.chain = o.chain
        and p.entity = o.entity
        and p.token_symbol is not distinct from o.token_symbol
        and p.token_address is not distinct from o.token_address
where
    o.rowid = c.rowid
    and (coalesce(p.patterns, '[]') <> o.patterns or coalesce(p.severity, 'LOW') <> o.severity)
