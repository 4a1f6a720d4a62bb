-- Gives: one row per outflow surge; the surge of all that is one exchange's is told once
-- Reads: detection.outflow_surges, marts.fct_daily_exchange_netflow, marts.fct_daily_netflow
-- Takes: $budget
select
    concat_ws('|', a.chain, coalesce(a.token_address, a.token_symbol), a.scope, a.block_date) as subject,
    concat_ws(' ', a.scope, coalesce(a.token_symbol, a.token_address), a.chain) as topic,
    a.chain,
    a.block_date,
    -- What passes an amount of the user is told however little it is worth.
    case when a.rule = 'amount' then a.severity end as severity,
    coalesce(a.e_value / $budget, 1) as rarity,
    (w.outflow_usd * a.excess / a.outflow)::double as stake_usd,
    a.scope || ': ' || in_words(a.outflow) || ' ' || coalesce(a.token_symbol, a.token_address, '?')
    || ' went out on ' || a.block_date
    || ', ' || in_words(a.excess) || ' above its level'
    || case
        when a.rule = 'amount' then ''
        else ', a size seen ' || how_often(a.e_value)
    end as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    null as addresses,
    case when a.scope <> 'TOTAL' then [a.scope] end as entities,
    json_object(
        'outflow', a.outflow::varchar,
        'excess', round(a.excess, 6),
        'e_value', a.e_value,
        'rule', a.rule
    ) as content,
    json_object(
        'median', a.baseline_mean,
        'threshold', a.threshold,
        'surge_amount', a.surge_amount
    ) as baseline
from detection.outflow_surges as a
left join worth_of_days() as w
    on
        w.block_date = a.block_date
        and w.chain = a.chain
        and w.token_symbol is not distinct from a.token_symbol
        and w.token_address is not distinct from a.token_address
        and w.scope = a.scope
where
    not (
        a.scope = 'TOTAL'
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
