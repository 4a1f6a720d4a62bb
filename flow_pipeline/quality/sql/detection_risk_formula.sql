-- Gives: the number of addresses whose score is not the formula of their active components, or that have only one of
--   the two
-- Reads: detection.address_risk, detection.risk_components
with sums as (
    select
        chain,
        address,
        sum(score * weight * confidence) as raw_score
    from detection.risk_components
    where is_active
    group by all
)

select count(*)
from detection.address_risk as r
full join sums as c on c.chain = r.chain and c.address = r.address
where
    abs(r.raw_score - c.raw_score) > 1e-9
    or r.raw_score is null
    or c.raw_score is null
    or abs(r.score - 1 / (1 + exp(-5 * (r.raw_score - 0.5)))) > 1e-9
