-- Gives: one row: netflow and e_value of a planted day, its place among the days of its series so far (1 = the farthest
--   from its level) and whether it was flagged as planted
-- Reads: detection.netflow_scores, detection.netflow_anomalies
-- Takes: $day, $scope, $token, $direction
select
    s.netflow::double as netflow,
    s.e_value,
    (
        select count(*) from detection.netflow_scores as b
        where
            b.scope = s.scope
            and b.chain = s.chain
            and b.token_address is not distinct from s.token_address
            and b.token_symbol is not distinct from s.token_symbol
            and b.block_date <= s.block_date
            and b.rank_deviation >= s.rank_deviation
    ) as place,
    exists(
        select 1 from detection.netflow_anomalies as a
        where
            a.scope = s.scope
            and a.chain = s.chain
            and a.token_address is not distinct from s.token_address
            and a.token_symbol is not distinct from s.token_symbol
            and a.block_date = s.block_date
            and a.direction = $direction
    ) as found
from detection.netflow_scores as s
where s.block_date = $day::date and s.scope = $scope and s.token_symbol = $token
