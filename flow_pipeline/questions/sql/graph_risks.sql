-- Gives: one row per given address of a chain with a risk: its score, category and number of findings
-- Reads: detection.address_risk
-- Takes: $chain, $addresses
select
    address,
    score as risk,
    category as risk_category,
    finding_count as findings
from detection.address_risk
where chain = $chain and address in (select unnest($addresses::varchar[]))
