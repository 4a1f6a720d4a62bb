-- Gives: the number of wallets whose score is not the sum of its parts less what came back, or lies outside its
--   interval or [0, 1]
-- Reads: detection.smart_money_wallets
with wallets as (
    select
        *,
        volume_part + profit_consistency_part + activity_part + gas_efficiency_part + diversity_part + mev_part as parts
    from detection.smart_money_wallets
)

select count(*)
from wallets
where
    abs(formula_score - (1 - coalesce(round_trip_share, 0)) * parts) > 1e-9
    or formula_score not between 0 and 1
    or score not between 0 and 1
    or score_low > formula_score + 1e-9
    or score_high < formula_score - 1e-9
    or confidence not between 0 and 1
