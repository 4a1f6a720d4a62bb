-- Gives: one row per day that a daily detector without a rule of its own flagged
-- Reads: detection.daily_findings
-- Takes: $detectors, $budget
select
    concat_ws('|', detector, chain, coalesce(token_address, token_symbol), scope, measure, block_date) as subject,
    concat_ws(' ', detector, scope, coalesce(token_symbol, token_address), chain) as topic,
    chain,
    block_date,
    severity,
    coalesce(e_value / $budget, 1) as rarity,
    null as stake_usd,
    detector || ': ' || reason as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    null as addresses,
    case when scope <> 'TOTAL' then [scope] end as entities,
    json_object(
        'detector', detector,
        'measure', measure,
        'value', round(value, 6),
        'direction', direction,
        'severity', severity
    ) as content,
    json_object(
        'detector_version', detector_version,
        'mean', baseline_mean,
        'std', baseline_std,
        'zscore', zscore,
        'e_value', e_value,
        'threshold', threshold
    ) as baseline
from detection.daily_findings
where list_contains($detectors::varchar[], detector)
