-- Gives: one row per deposit address of an exchange and stretch of time in current_clusters; it ends when the share
--   falls short ($never for not) or somebody else is paid
-- Reads: nothing
-- Takes: $confidence, $never, $deposit_hours; the relations current_clusters, forwarding_stretches, sweepers
insert into current_clusters by name
select
    u.entity as cluster_id,
    'exchange_deposit' as kind,
    u.chain,
    u.id as address_id,
    u.entity,
    $confidence::double as confidence,
    'derived' as source,
    make_timestamp(f.known_from) as known_from,
    nullif(
        least(
            case when f.short_at < $never then make_timestamp(f.short_at) else timestamp 'infinity' end,
            u.other_at
        ),
        timestamp 'infinity'
    ) as known_to,
    f.receipts as receipt_count,
    round(100 * f.share, 1) as forwarded_percent,
    $deposit_hours::double as deposit_hours
from forwarding_stretches as f inner join sweepers as u using (n)
