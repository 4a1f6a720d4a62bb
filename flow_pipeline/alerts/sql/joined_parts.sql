-- Gives: changes alert_candidates: an alert with parts has the most severe word, the rarity of the rarest and the
--   highest stake of all, and names its parts
-- Reads: nothing stored
-- Takes: the relations alert_candidates, alert_heads
update alert_candidates
set
    severity = risk_level(greatest(risk_rank(alert_candidates.severity), h.rank)),
    rarity = case when alert_candidates.rarity is not null then least(alert_candidates.rarity, h.rarity) end,
    stake_usd = greatest(alert_candidates.stake_usd, h.stake_usd),
    title = rtrim(alert_candidates.title, '.') || ', with ' || h.said,
    content = json_merge_patch(alert_candidates.content, h.content),
    addresses = list_distinct(list_concat(alert_candidates.addresses, h.addresses))
from alert_heads as h
where alert_candidates.alert_id = h.alert_id
