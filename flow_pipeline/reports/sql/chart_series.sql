-- Gives: one row per day and series: netflow with the range in which a day is not anomalous by rank, and whether it is
--   by the method in force; numbered by place, the most active series first; of the totals the busiest tokens, of
--   exchanges the busiest token of each
-- Reads: detection.netflow_scores, detection.netflow_anomalies
-- Takes: $scope_type (exchange or total), $first_day, $last_day, $most (series)
with scores as (
    select * from detection.netflow_scores
    where scope_type = $scope_type and block_date between $first_day and $last_day
),

series as (
    select
        chain,
        token_symbol,
        token_address,
        scope,
        count(*) filter (where is_active) as active_days
    from scores
    group by chain, token_symbol, token_address, scope
    qualify
        $scope_type = 'total'
        or row_number() over (partition by scope order by count(*) filter (where is_active) desc, token_symbol) = 1
),

busiest as (
    select
        chain,
        token_symbol,
        token_address,
        scope,
        row_number() over (order by active_days desc, scope, token_symbol, chain, token_address) as place
    from series
    where active_days > 0
    qualify place <= $most
)

select
    b.place,
    s.scope,
    s.block_date::timestamp as block_date,
    coalesce(s.token_symbol, s.token_address, '?') as token,
    s.netflow::double as netflow,
    s.inflow::double as inflow,
    s.outflow::double as outflow,
    s.e_value,
    s.rank_median - s.rank_limit as low,
    s.rank_median + s.rank_limit as high,
    a.scope is not null as is_anomalous
from scores as s
inner join busiest as b
    on
        s.scope = b.scope
        and s.chain = b.chain
        and s.token_symbol is not distinct from b.token_symbol
        and s.token_address is not distinct from b.token_address
left join detection.netflow_anomalies as a
    on
        s.block_date = a.block_date
        and s.scope_type = a.scope_type
        and s.scope = a.scope
        and s.chain = a.chain
        and s.token_symbol is not distinct from a.token_symbol
        and s.token_address is not distinct from a.token_address
order by b.place, s.block_date
