-- Gives: one row per anomalous netflow day of an exchange or of all
-- Reads: detection.netflow_anomalies
select
    concat_ws('|', chain, coalesce(token_address, token_symbol), scope, block_date) as subject,
    concat_ws(' ', scope, coalesce(token_symbol, token_address), chain) as topic,
    chain,
    block_date,
    severity,
    1 as rarity,
    null as stake_usd,
    scope || ': ' || in_words(abs(netflow)) || ' ' || coalesce(token_symbol, token_address, '?')
    || case when direction = 'high' then ' net onto' else ' net off' end
    || case when scope = 'TOTAL' then ' all exchanges' else ' the exchange' end
    || ' on ' || block_date
    || case when zscore is null then ', after days that never moved' else ', z ' || format('{:+.2f}', zscore) end
        as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    null as addresses,
    case when scope <> 'TOTAL' then [scope] end as entities,
    json_object('netflow', netflow::varchar, 'zscore', round(zscore, 6), 'severity', severity) as content,
    json_object(
        'method', method,
        'mean', baseline_mean,
        'std', baseline_std,
        'window_days', window_days,
        'threshold', threshold
    ) as baseline
from detection.netflow_anomalies
