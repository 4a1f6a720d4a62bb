-- Gives: the number of extracted values whose transactions, victims or gain do not fit their kind
-- Reads: detection.mev_events
select count(*)
from detection.mev_events
where
    (kind = 'sandwich') <> (len(victim_tx_hashes) > 0)
    or len(tx_hashes) <> case kind when 'sandwich' then 2 else 1 end
    or len(list_intersect(tx_hashes, victim_tx_hashes)) > 0
    or (kind = 'arbitrage' and (gain_amount <= 0 or len(pools) < 2))
