-- Gives: one row per finding whose id begins so, suspicious ones first
-- Reads: detection.findings
-- Takes: $text in lower case; $most
select
    chain,
    finding_id,
    typology,
    severity,
    is_suspicious,
    token_symbol,
    block_date,
    transfer_count::bigint as transfers
from detection.findings
where finding_id >= $text and finding_id < $text || chr(1114111)
order by finding_id = $text desc, is_suspicious desc, risk_rank(severity) desc, finding_id
limit $most
