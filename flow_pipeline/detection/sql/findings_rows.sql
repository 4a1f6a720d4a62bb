-- Gives: one row of detection.findings per finding to store of some rows of chosen_findings, with its verdict where it
--   has one already, and the statement that shows its transfers.
-- Reads: nothing stored
-- Takes: $first, $last; the relations chosen_findings, chosen_transfers, descriptions, measures, searched, verdicts
insert into detection.findings by name
with chosen as (
    select *
    from chosen_findings
    where rowid between $first and $last
),

transfer_lists as (
    select
        typology,
        finding,
        case
            when count(tx_hash) = count(*) and count(transfer_index) = count(*)
                then
                    '(tx_hash, transfer_index) IN ('
                    || string_agg(
                        '(''' || replace(tx_hash, '''', '''''') || ''', ' || transfer_index || ')',
                        ', ' order by ordinal
                    )
                    || ')'
            else
                '(source_file, source_row) IN ('
                || string_agg(
                    '(''' || replace(source_file, '''', '''''') || ''', ' || source_row || ')', ', ' order by ordinal
                )
                || ')'
        end as condition
    from chosen_transfers semi join chosen using (typology, finding)
    group by all
)

select
    c.finding_id,
    c.name as typology,
    s.detector_version,
    m.chain,
    m.token_symbol,
    m.token_address,
    m.last_timestamp::date as block_date,
    m.first_timestamp,
    m.last_timestamp,
    floor(m.duration)::bigint as duration_seconds,
    d.hop_count,
    m.address_count,
    m.transfer_count,
    m.focus_address,
    m.moved_amount,
    m.gross_amount,
    m.moved_usd,
    m.strength,
    m.strength_usd,
    m.centre_address,
    m.is_order_known,
    m.suspect,
    m.exceeds_limit,
    m.own_rate_log10,
    m.unstored_instances,
    v.* exclude (finding_id),
    d.reason,
    s.parameters,
    d.evidence,
    'SELECT * FROM raw.transfers WHERE chain = ''' || replace(m.chain, '''', '''''')
    || ''' AND block_timestamp BETWEEN TIMESTAMP ''' || m.first_timestamp || ''' AND TIMESTAMP ''' || m.last_timestamp
    || ''' AND ' || l.condition || ' ORDER BY block_timestamp, block_number, transaction_index, transfer_index,'
    || ' amount, tx_hash' as evidence_sql
from chosen as c
inner join measures as m using (typology, finding)
inner join descriptions as d using (typology, finding)
inner join transfer_lists as l using (typology, finding)
inner join searched as s using (typology)
left join verdicts as v on v.finding_id = c.finding_id
