-- Gives: one row per kind of event by the order of transactions that a wallet gained by, or lost to
-- Reads: detection.mev_events
-- Takes: $chain, $address
select
    kind,
    count(*) as events,
    count(*) filter (where wallet = $address) as as_wallet,
    sum(gain_usd) filter (where wallet = $address) as gain_usd,
    min(block_timestamp) as first_at,
    max(block_timestamp) as last_at
from detection.mev_events
where chain = $chain and (wallet = $address or sender = $address)
group by kind
order by events desc, kind
