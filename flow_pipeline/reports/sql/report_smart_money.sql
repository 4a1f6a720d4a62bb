-- Gives: one row per wallet that is listed as smart money, by rank
-- Reads: detection.smart_money_wallets
select
    rank,
    wallet,
    chain,
    entity,
    category,
    score,
    realised_usd,
    volume_usd,
    mev_tx_count,
    last_active
from detection.smart_money_wallets
where is_smart
order by rank, wallet, chain
