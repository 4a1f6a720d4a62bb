-- Gives: one row per address asked about, in their order: its labels, whether they name several owners, its risk with
--   components, and whether there are transfers that may name it
-- Reads: marts.dim_address_labels, detection.address_risk, detection.risk_components, store.addresses, store.tokens
-- Takes: $chains and $addresses, lists of one length
with asked as (
    select
        unnest($chains::varchar[]) as chain,
        unnest($addresses::varchar[]) as address,
        generate_subscripts($addresses::varchar[], 1) as place
),

named as (
    select
        a.place,
        list({
            'chain': l.chain, 'entity': l.entity, 'category': l.category, 'label': l.label,
            'risk_level': l.risk_level, 'confidence': l.confidence, 'source': l.source,
            'valid_from': l.valid_from, 'valid_to': l.valid_to, 'known_from': l.known_from
        } order by l.confidence desc, l.entity, l.category, l.valid_from) as labels,
        count(distinct l.entity) > 1 as has_conflict
    from asked as a
    inner join marts.dim_address_labels as l on l.address = a.address and l.chain in (a.chain, '*')
    group by a.place
),

parts as (
    select
        a.place,
        list({
            'component': c.component, 'score': c.score, 'confidence': c.confidence, 'weight': c.weight,
            'is_active': c.is_active, 'finding_id': c.finding_id, 'evidence': c.evidence
        } order by c.is_active desc, c.score * c.confidence * c.weight desc, c.component, c.finding_id) as components
    from asked as a
    inner join detection.risk_components as c on c.chain = a.chain and c.address = a.address
    group by a.place
)

select
    a.chain,
    a.address,
    a.address in (select address from store.addresses) and a.chain in (select chain from store.tokens) as is_known,
    coalesce(n.labels, []) as labels,
    coalesce(n.has_conflict, false) as has_conflict,
    r.score as risk,
    r.category as risk_category,
    r.confidence as risk_confidence,
    r.without as risk_without,
    coalesce(p.components, []) as components
from asked as a
left join named as n on n.place = a.place
left join detection.address_risk as r on r.chain = a.chain and r.address = a.address
left join parts as p on p.place = a.place
order by a.place
