-- Gives: one row per address of a finding, with its risk and who it was at the time of the finding's last transfer
-- Reads: detection.finding_addresses, detection.findings, detection.address_risk, marts.dim_address_labels
-- Takes: $finding_id
select
    a.address,
    a.role,
    a.is_terminal,
    r.score as risk,
    r.category as risk_category,
    (
        select string_agg(distinct l.entity || ' (' || l.category || ')', ', ')
        from marts.dim_address_labels as l
        where
            l.address = a.address
            and l.chain in (a.chain, '*')
            and holds_at(l.valid_from, l.valid_to, f.last_timestamp)
    ) as labels
from detection.finding_addresses as a
inner join detection.findings as f using (finding_id)
left join detection.address_risk as r on r.chain = a.chain and r.address = a.address
where a.finding_id = $finding_id
order by array_position(['focus', 'source', 'middle', 'target'], a.role), a.address
