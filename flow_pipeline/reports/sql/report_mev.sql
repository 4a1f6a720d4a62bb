-- Gives: one row per kind of extracted value and wallet of a report's days, the largest gain first
-- Reads: detection.mev_events
-- Takes: $first_day, $last_day
select
    kind,
    wallet,
    chain,
    count(*) as events,
    sum(len(victim_tx_hashes))::bigint as victims,
    sum(gain_usd) as gain_usd
from detection.mev_events
where block_date between $first_day and $last_day
group by all
order by gain_usd desc nulls last, events desc, kind, wallet
