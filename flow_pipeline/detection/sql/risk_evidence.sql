-- Gives: the temp table risk_evidence: one row per address and piece of evidence against it: suspicious findings,
--   contacts with labelled addresses (who is a service at the time of the transfer gets none), and risky flows passed
--   on.
-- Reads: detection.findings, detection.group_flows, marts.dim_address_labels, store.transfers, store.addresses,
--   intermediate.int_address_labels__intervals
-- Takes: $finding_confidence; the relations typology_components, contact_scores, evm_chains, services
create or replace temp table risk_evidence as
with labelled as (
    select
        a.address_id,
        d.chain,
        d.category,
        arg_max(d.entity, (d.confidence, d.entity)) as entity,
        d.valid_from,
        d.valid_to,
        max(d.confidence) as confidence
    from marts.dim_address_labels as d
    inner join (
        select distinct
            address_id,
            address
        from intermediate.int_address_labels__intervals
    ) as a on a.address = d.address
    where d.category in (select category from contact_scores)
    group by all
),

-- The narrow rows tell which transfers met a label; all others are joined to nothing.
met as (
    select
        token_id,
        block_timestamp,
        from_id,
        to_id
    from store.transfers
    where
        is_edge
        and (from_id in (select address_id from labelled) or to_id in (select address_id from labelled))
),

touched as (
    select
        k.chain,
        case when l.address_id = f.to_id then f.from_id else f.to_id end as id,
        l.category,
        l.address_id as other,
        l.entity,
        max(l.confidence) as confidence,
        count(*) as transfers,
        max(f.block_timestamp) as last_at
    from met as f
    inner join intermediate.int_tokens__canonical as k on k.token_id = f.token_id
    inner join
        labelled as l
        on
            (l.address_id = f.from_id or l.address_id = f.to_id)
            and (l.chain = k.chain or (l.chain = '*' and k.chain in (select chain from evm_chains)))
            and holds_at(l.valid_from, l.valid_to, f.block_timestamp)
    where
        not exists (
            select 1
            from services as i
            where
                i.chain = k.chain and i.address_id = case when l.address_id = f.to_id then f.from_id else f.to_id end
                and holds_at(i.valid_from, i.valid_to, f.block_timestamp)
        )
    group by all
),

ends as materialized (
    select
        address_id,
        address
    from store.addresses
    where address_id in (select unnest([id, other]) from touched)
)

select
    a.chain,
    a.address,
    d.component,
    f.finding_id,
    f.score,
    $finding_confidence::double as confidence,
    f.typology || ', as ' || a.role || ': ' || f.reason as evidence
from detection.findings as f
inner join detection.finding_addresses as a using (finding_id)
inner join typology_components as d using (typology)
where f.is_suspicious and not a.is_terminal
union all
select
    t.chain,
    a.address,
    s.component,
    null as finding_id,
    s.score,
    t.confidence,
    t.transfers || case when t.transfers = 1 then ' transfer' else ' transfers' end || ' with ' || t.entity
    || ' (' || t.category || ') ' || b.address || ', last on ' || t.last_at::date as evidence
from touched as t
inner join ends as a on a.address_id = t.id
inner join ends as b on b.address_id = t.other
inner join contact_scores as s using (category)
union all
-- One row per address in the middle of a risky flow, pair of groups and token: who owned the money knows best.
select
    t.chain,
    t.to_address,
    'group_flow',
    null,
    s.risk_score::double,
    max(f.confidence),
    'passed on ' || count(distinct f.flow_id) || case when count(distinct f.flow_id) = 1 then ' flow' else ' flows' end
    || ' from ' || f.source_group || ' to ' || f.destination_group
    || ', ' || coalesce(f.token_symbol, f.token_address, '?') || ', last on ' || max(f.block_date)
from detection.group_flows as f
inner join detection.group_flow_transfers as t using (flow_id)
inner join detection.group_flow_summaries as s
    on
        s.source_group = f.source_group and s.destination_group = f.destination_group and s.chain = f.chain
        and s.token_symbol is not distinct from f.token_symbol and s.token_address is not distinct from f.token_address
where t.hop < f.hop_count and s.risk_score > 0
group by t.chain, t.to_address, s.risk_score, f.source_group, f.destination_group, f.token_symbol, f.token_address
