-- Gives: one row per finding, suspicious ones unless $every, the most severe first, then those with most at stake
-- Reads: detection.findings, detection.finding_addresses
-- Takes: $every; $typology, $first, $last, $token, $chain and $address, each null for all
select
    finding_id,
    typology,
    severity,
    e_value,
    block_date,
    token_symbol,
    moved_amount,
    moved_usd,
    transfer_count,
    address_count,
    reason,
    verdict
from detection.findings
where
    ($every or is_suspicious)
    and ($typology is null or typology = $typology)
    and ($chain is null or chain = $chain)
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
    and ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
    and (
        $address is null
        or finding_id in (
            select finding_id from detection.finding_addresses
            where address in ($address, lower($address))
        )
    )
order by
    is_suspicious desc,
    risk_rank(severity) desc,
    case when is_suspicious then moved_usd end desc nulls last,
    case when is_suspicious then stake end desc nulls last,
    score desc,
    finding_id
