-- Gives: one row per exchange and token that was active on a report's days, the rarest day first
-- Reads: detection.netflow_scores, detection.netflow_anomalies
-- Takes: $first_day, $last_day
select
    s.scope as exchange,
    coalesce(s.token_symbol, s.token_address) as token,
    sum(s.netflow) as netflow,
    sum(s.inflow) as inflow,
    sum(s.outflow) as outflow,
    min(s.e_value) as e_value,
    count(a.block_date) > 0 as is_anomalous
from detection.netflow_scores as s
left join detection.netflow_anomalies as a
    on
        a.block_date = s.block_date
        and a.scope_type = s.scope_type
        and a.chain = s.chain
        and a.scope = s.scope
        and a.token_symbol is not distinct from s.token_symbol
        and a.token_address is not distinct from s.token_address
where s.scope_type = 'exchange' and s.is_active and s.block_date between $first_day and $last_day
group by s.scope, s.chain, s.token_symbol, s.token_address
order by min(s.e_value) nulls last, exchange, token
