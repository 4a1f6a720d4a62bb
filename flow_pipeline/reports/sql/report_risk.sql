-- Gives: one row per address of high or critical risk, the riskiest first
-- Reads: detection.address_risk
select
    address,
    chain,
    score,
    category,
    finding_count as findings,
    map_keys(without) as components
from detection.address_risk
where category in ('HIGH', 'CRITICAL')
order by score desc, finding_count desc, address
