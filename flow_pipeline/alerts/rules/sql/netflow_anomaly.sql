-- Gives: one row per anomalous netflow day of an exchange or of all; the day of all that is one exchange's is told once
-- Reads: detection.netflow_anomalies, marts.fct_daily_exchange_netflow, marts.fct_daily_netflow
-- Takes: $budget
select
    concat_ws('|', a.chain, coalesce(a.token_address, a.token_symbol), a.scope, a.block_date) as subject,
    concat_ws(' ', a.scope, coalesce(a.token_symbol, a.token_address), a.chain) as topic,
    a.chain,
    a.block_date,
    null as severity,
    coalesce(a.e_value / $budget, 1) as rarity,
    abs(w.netflow_usd)::double as stake_usd,
    a.scope || ': ' || in_words(abs(a.netflow)) || ' ' || coalesce(a.token_symbol, a.token_address, '?')
    || case when a.direction = 'high' then ' net onto' else ' net off' end
    || case when a.scope = 'TOTAL' then ' all exchanges' else ' the exchange' end
    || ' on ' || a.block_date
    || case
        when a.method = 'flat_baseline' then ', after days that never moved'
        when a.zscore is not null then ', z ' || format('{:+.2f}', a.zscore)
        else ', a size seen ' || how_often(a.e_value)
    end as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    null as addresses,
    case when a.scope <> 'TOTAL' then [a.scope] end as entities,
    json_object(
        'netflow', a.netflow::varchar, 'e_value', a.e_value, 'zscore', round(a.zscore, 6)
    ) as content,
    json_object(
        'method', a.method,
        'mean', a.baseline_mean,
        'std', a.baseline_std,
        'window_days', a.window_days,
        'threshold', a.threshold
    ) as baseline
from detection.netflow_anomalies as a
left join worth_of_days() as w
    on
        w.block_date = a.block_date
        and w.chain = a.chain
        and w.token_symbol is not distinct from a.token_symbol
        and w.token_address is not distinct from a.token_address
        and w.scope = a.scope
where
    a.scope_type <> 'wallet'
    and not (
        a.scope_type = 'total'
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
