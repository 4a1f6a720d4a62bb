-- Gives: one row per anomalous netflow day of an exchange or of all; the day of all that is one exchange's is told once
-- Reads: detection.netflow_anomalies
-- Takes: $budget
select
    concat_ws('|', chain, coalesce(token_address, token_symbol), scope, block_date) as subject,
    concat_ws(' ', scope, coalesce(token_symbol, token_address), chain) as topic,
    chain,
    block_date,
    severity,
    coalesce(e_value / $budget, 1) as rarity,
    null as stake_usd,
    scope || ': ' || in_words(abs(netflow)) || ' ' || coalesce(token_symbol, token_address, '?')
    || case when direction = 'high' then ' net onto' else ' net off' end
    || case when scope = 'TOTAL' then ' all exchanges' else ' the exchange' end
    || ' on ' || block_date
    || case
        when method = 'flat_baseline' then ', after days that never moved'
        when zscore is not null then ', z ' || format('{:+.2f}', zscore)
        else ', a size seen ' || how_often(e_value)
    end as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    null as addresses,
    case when scope <> 'TOTAL' then [scope] end as entities,
    json_object(
        'netflow', netflow::varchar, 'e_value', e_value, 'zscore', round(zscore, 6), 'severity', severity
    ) as content,
    json_object(
        'method', method,
        'mean', baseline_mean,
        'std', baseline_std,
        'window_days', window_days,
        'threshold', threshold
    ) as baseline
from detection.netflow_anomalies as a
where
    scope_type <> 'wallet'
    and not (
        scope_type = 'total'
        and exists (
            select 1 from detection.netflow_anomalies as e
            where
                e.scope_type = 'exchange'
                and e.block_date = a.block_date
                and e.chain = a.chain
                and e.token_symbol is not distinct from a.token_symbol
                and e.token_address is not distinct from a.token_address
                and e.netflow = a.netflow
        )
    )
