-- Gives: one row per wallet and chain, the best first, listed ones unless $every
-- Reads: detection.smart_money_wallets
-- Takes: $every; $category, null for all
select
    rank,
    wallet,
    chain,
    entity,
    category,
    round(score, 4) as score,
    round(score_low, 4) as score_low,
    round(score_high, 4) as score_high,
    round(confidence, 2) as confidence,
    is_smart,
    scored_by,
    round(volume_usd, 2) as volume_usd,
    round(realised_usd, 2) as realised_usd,
    round(win_rate, 3) as win_rate,
    mev_tx_count,
    tx_count,
    first_seen,
    last_active
from detection.smart_money_wallets
where (is_smart or $every) and ($category is null or category = $category)
order by rank, wallet, chain
