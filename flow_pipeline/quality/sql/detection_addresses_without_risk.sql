-- Gives: the number of addresses of suspicious findings without their component, services and hubs left out
-- Reads: detection.finding_addresses, detection.findings, detection.risk_components
select count(*)
from detection.finding_addresses as a
inner join detection.findings as f using (finding_id)
anti join detection.risk_components as c on c.finding_id = a.finding_id and c.address = a.address
where f.is_suspicious and not a.is_terminal
