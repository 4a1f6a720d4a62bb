-- Gives: who sandwiched whom, and what it gained, latest day first
-- Reads: detection.mev_events
-- Takes: $first date = null: first day
--   $last date = null: last day, included
select
    block_date,
    wallet,
    victim_tx_hashes,
    token_symbol,
    gain_amount,
    gain_usd
from detection.mev_events
where
    kind = 'sandwich'
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
order by block_timestamp desc, event_id
