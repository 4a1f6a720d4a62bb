-- Gives: one row per Bitcoin address that signs together with others in current_clusters; its cluster is named by the
--   least of its addresses, and is the entity's when one alone is labelled in it
-- Reads: intermediate.int_address_labels__intervals
-- Takes: $confidence; the relations current_clusters, signatures, signers
insert into current_clusters by name
with members as (
    select
        c.cluster,
        s.chain,
        s.sender as address,
        s.from_id,
        min(s.signed_at) as known_from,
        count(distinct s.tx_hash) as transactions
    from signatures as s inner join signers as c using (from_id)
    group by all
),

names as (
    select
        m.cluster,
        min(m.address) as least_address,
        count(distinct m.address) as addresses,
        case when count(distinct i.entity) = 1 then min(i.entity) end as entity
    from members as m
    left join
        intermediate.int_address_labels__intervals as i
        on i.address_id = m.from_id and i.chain = m.chain
    group by m.cluster
)

select
    'signs with ' || n.least_address as cluster_id,
    'multi_input' as kind,
    m.chain,
    m.from_id as address_id,
    n.entity,
    $confidence::double as confidence,
    'derived' as source,
    m.known_from,
    'signed ' || m.transactions || case when m.transactions = 1 then ' transaction' else ' transactions' end
    || ' together with others, ' || n.addresses || ' addresses in all' as evidence
from members as m inner join names as n using (cluster)
