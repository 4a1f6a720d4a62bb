-- Gives: one row per outflow surge; the surge of all that is one exchange's is told once
-- Reads: detection.outflow_surges
-- Takes: $budget
select
    concat_ws('|', chain, coalesce(token_address, token_symbol), scope, block_date) as subject,
    concat_ws(' ', scope, coalesce(token_symbol, token_address), chain) as topic,
    chain,
    block_date,
    severity,
    coalesce(e_value / $budget, 1) as rarity,
    null as stake_usd,
    scope || ': ' || in_words(outflow) || ' ' || coalesce(token_symbol, token_address, '?')
    || ' went out on ' || block_date
    || ', ' || in_words(excess) || ' above its level'
    || case
        when rule = 'amount' then ''
        else ', a size seen ' || how_often(e_value)
    end as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    null as addresses,
    case when scope <> 'TOTAL' then [scope] end as entities,
    json_object(
        'outflow', outflow::varchar,
        'excess', round(excess, 6),
        'e_value', e_value,
        'rule', rule,
        'severity', severity
    ) as content,
    json_object(
        'median', baseline_mean,
        'threshold', threshold,
        'surge_amount', surge_amount
    ) as baseline
from detection.outflow_surges as a
where
    not (
        scope = 'TOTAL'
        and exists (
            select 1 from detection.outflow_surges as e
            where
                e.scope <> 'TOTAL'
                and e.block_date = a.block_date
                and e.chain = a.chain
                and e.token_symbol is not distinct from a.token_symbol
                and e.token_address is not distinct from a.token_address
                and e.outflow = a.outflow
        )
    )
