-- Gives: one row per wallet, chain and day whose payments lie beyond the limit, of wallets that were listed then
-- Reads: detection.smart_money_history
-- Takes: $zscore
select
    concat_ws('|', chain, wallet, block_date) as subject,
    wallet as topic,
    chain,
    block_date,
    case when abs(activity_zscore) >= 2 * $zscore then 'HIGH' else 'MEDIUM' end as severity,
    $zscore / abs(activity_zscore) as rarity,
    day_usd as stake_usd,
    short_address(wallet) || ' paid ' || in_words(day_usd) || ' USD on ' || block_date
    || ', usually ' || in_words(usual_day_usd) as title,
    null as from_address,
    null as to_address,
    null as from_entity,
    null as to_entity,
    [wallet] as addresses,
    null as entities,
    json_object('day_usd', round(day_usd, 2)) as content,
    json_object(
        'usual_day_usd', round(usual_day_usd, 2),
        'zscore', round(activity_zscore, 2),
        'explain', 'netraflow wallet ' || wallet
    ) as baseline
from detection.smart_money_history
where abs(activity_zscore) >= $zscore
