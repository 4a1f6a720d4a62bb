-- Gives: one row per outflow surge
-- Reads: detection.outflow_surges
select
    concat_ws('|', chain, coalesce(token_address, token_symbol), scope, block_date) as subject,
    concat_ws(' ', scope, coalesce(token_symbol, token_address), chain) as topic,
    chain,
    block_date,
    severity,
    1 as rarity,
    null as stake_usd,
    scope || ': ' || in_words(outflow) || ' ' || coalesce(token_symbol, token_address, '?')
    || ' went out on ' || block_date
    || ', ' || in_words(excess) || ' above the mean of the days before' as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    null as addresses,
    case when scope <> 'TOTAL' then [scope] end as entities,
    json_object('outflow', outflow::varchar, 'excess', round(excess, 6), 'rule', rule, 'severity', severity) as content,
    json_object(
        'mean', baseline_mean,
        'std', baseline_std,
        'zscore', zscore,
        'threshold', threshold,
        'surge_amount', surge_amount
    ) as baseline
from detection.outflow_surges
