-- Gives: one row per component of the risk of an address, those that count first, then the largest part
-- Reads: detection.risk_components
-- Takes: $chain, $address
select
    component,
    score,
    confidence,
    weight,
    score * confidence * weight as part,
    is_active,
    finding_id,
    evidence
from detection.risk_components
where chain = $chain and address = $address
order by is_active desc, part desc, component, finding_id
