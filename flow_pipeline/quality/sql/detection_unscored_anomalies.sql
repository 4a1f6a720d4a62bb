-- Gives: the number of anomalies that are no scored day
-- Reads: detection.netflow_anomalies, detection.netflow_scores
select count(*)
from detection.netflow_anomalies as a
anti join detection.netflow_scores as s
    on
        s.block_date = a.block_date
        and s.chain = a.chain
        and s.scope_type = a.scope_type
        and s.scope = a.scope
        and s.token_symbol is not distinct from a.token_symbol
        and s.token_address is not distinct from a.token_address
        and s.netflow = a.netflow
