-- Gives: one row per day of one netflow series, with the range that it leaves as seldom as the budget says, and whether
--   the day is anomalous by the method in force
-- Reads: detection.netflow_scores, detection.netflow_anomalies
-- Takes: $chain, $exchange; $token by symbol or contract
select
    s.block_date,
    s.token_symbol,
    s.token_address,
    s.inflow,
    s.outflow,
    s.netflow,
    s.rank_median - s.rank_limit as low,
    s.rank_median + s.rank_limit as high,
    s.e_value,
    a.scope is not null as is_anomalous
from detection.netflow_scores as s
left join detection.netflow_anomalies as a
    on
        s.block_date = a.block_date
        and s.scope_type = a.scope_type
        and s.scope = a.scope
        and s.chain = a.chain
        and s.token_symbol is not distinct from a.token_symbol
        and s.token_address is not distinct from a.token_address
where
    s.scope_type = 'exchange'
    and s.chain = $chain
    and lower(s.scope) = lower($exchange)
    and (lower(s.token_symbol) = lower($token) or lower(s.token_address) = lower($token))
order by s.block_date
