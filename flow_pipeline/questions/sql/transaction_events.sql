-- Gives: one row per sandwich, arbitrage or liquidation that a transaction is part of, or a victim of
-- Reads: detection.mev_events
-- Takes: $chain, $tx_hash
select
    event_id,
    kind,
    wallet,
    not list_contains(tx_hashes, $tx_hash) as is_victim,
    reason
from detection.mev_events
where chain = $chain and (list_contains(tx_hashes, $tx_hash) or list_contains(victim_tx_hashes, $tx_hash))
order by kind, event_id
