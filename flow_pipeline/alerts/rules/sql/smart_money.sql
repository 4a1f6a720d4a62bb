-- Gives: one row per listed wallet and chain
-- Reads: detection.smart_money_wallets
select
    concat_ws('|', chain, wallet) as subject,
    wallet as topic,
    chain,
    null as block_date,
    'MEDIUM' as severity,
    1 as rarity,
    realised_usd as stake_usd,
    short_address(wallet) || coalesce(' (' || entity || ')', '')
    || ' is smart money: ' || replace(category, '_', ' ')
    || ', score ' || format('{:.2f}', formula_score)
    || ', made ' || in_words(realised_usd) || ' USD in 30 days' as title,
    null as from_address,
    null as to_address,
    entity as from_entity,
    null as to_entity,
    [wallet] as addresses,
    null as entities,
    -- The category is compared, not the score, which moves every day.
    json_object('category', category) as content,
    json_object(
        'score', round(formula_score, 4),
        'confidence', round(confidence, 4),
        'realised_usd', round(realised_usd, 2),
        'last_active', last_active,
        'explain', 'netraflow wallet ' || wallet
    ) as baseline
from detection.smart_money_wallets
where is_smart
