-- Gives: one row per suspicious finding of a report's days, the worst first
-- Reads: detection.findings
-- Takes: $first_day, $last_day
select
    severity,
    typology,
    reason,
    moved_usd,
    e_value,
    case when pool_place is not null then pool_place || ' of ' || pool_size + 1 end as place,
    coalesce(token_symbol, token_address) as token,
    moved_amount,
    finding_id
from detection.findings
where is_suspicious and block_date between $first_day and $last_day
order by risk_rank(severity) desc, moved_usd desc nulls last, stake desc nulls last, score desc, finding_id
