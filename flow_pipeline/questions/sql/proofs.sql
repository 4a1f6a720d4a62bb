-- Gives: one row per finding to prove: its query, what it says of itself, its stored transfers and their sum
-- Reads: detection.findings, detection.finding_transfers
-- Takes: $finding_ids; where that is null, $every for all and not only suspicious ones
select
    f.finding_id,
    f.typology,
    f.evidence_sql,
    f.first_timestamp,
    f.last_timestamp,
    f.duration_seconds,
    f.transfer_count,
    f.gross_amount,
    t.transfers,
    t.gross_amount as transfers_amount
from detection.findings as f
left join (
    select
        finding_id,
        list((tx_hash, transfer_index, from_address, to_address, amount, block_timestamp)) as transfers,
        sum(amount) filter (where part <> 'peel') as gross_amount
    from detection.finding_transfers
    group by finding_id
) as t using (finding_id)
where
    case
        when $finding_ids is null then $every or f.is_suspicious
        else list_contains($finding_ids::varchar[], f.finding_id)
    end
order by f.finding_id
