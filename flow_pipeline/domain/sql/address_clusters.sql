-- Gives: the view detection.address_clusters: one row per address that belongs to somebody, with its evidence in words.
-- Reads: store.address_clusters, store.addresses
select
    c.cluster_id,
    c.kind,
    c.chain,
    a.address,
    c.entity,
    c.confidence,
    c.source,
    c.known_from,
    c.known_to,
    case
        when c.kind = 'exchange_deposit'
            then
                c.receipt_count
                || case when c.receipt_count = 1 then ' receipt, ' else ' receipts, ' end
                || c.forwarded_percent
                || ' % forwarded to '
                || c.entity
                || ' within '
                || format('{:g}', c.deposit_hours)
                || ' h, nobody else paid'
        else c.evidence
    end as evidence
from store.address_clusters as c inner join store.addresses as a using (address_id)
