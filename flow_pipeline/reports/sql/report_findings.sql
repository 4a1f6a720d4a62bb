-- Gives: one row per suspicious finding of a report's days, the worst first
-- Reads: detection.findings
-- Takes: $first_day, $last_day
select
    typology,
    severity,
    reason,
    verdict,
    coalesce(token_symbol, token_address) as token,
    moved_amount,
    transfer_count as transfers,
    address_count as addresses,
    e_value,
    finding_id
from detection.findings
where is_suspicious and block_date between $first_day and $last_day
order by score desc, moved_usd desc nulls last, gross_amount desc, finding_id
