-- Gives: one row per address and chain, the five riskiest
-- Reads: detection.address_risk
select
    address,
    score,
    category,
    finding_count,
    map_keys(without) as components
from detection.address_risk
order by score desc, finding_count desc, address
limit 5
