-- Gives: one row per suspicious finding that is severe enough to be told
-- Reads: detection.findings, detection.finding_transfers
-- Takes: $budget
with ways as (
    select
        finding_id,
        arg_min(from_address, ordinal) as from_address,
        arg_max(to_address, ordinal) as to_address,
        list_distinct(flatten(list([from_address, to_address]))) as addresses,
        arg_min(
            concat_ws(' ', coalesce(tx_hash, source_file || ' ' || source_row), transfer_index), ordinal
        ) as first_transfer
    from detection.finding_transfers
    where
        finding_id in (
            select finding_id from detection.findings
            where is_suspicious
        )
    group by finding_id
),

-- A finding that later days lengthen is another finding with the same first transfer; to people it is the same matter,
-- changed.
matters as (
    select
        f.*,
        w.* exclude (finding_id),
        concat_ws(
            '|', f.typology, f.chain, coalesce(f.token_address, f.token_symbol), f.focus_address, w.first_transfer
        ) as matter
    from detection.findings as f
    inner join ways as w using (finding_id)
    where
        f.is_suspicious
        and f.severity <> 'LOW'
        -- Payments to and from labelled addresses are told by rules of their own.
        and not (f.typology = 'large_transfer' and f.judged_by = 'label')
)

select
    matter || case when count(*) over (partition by matter) > 1 then '|' || finding_id else '' end as subject,
    concat_ws(' ', typology, token_symbol, coalesce(focus_address, from_address)) as topic,
    chain,
    block_date,
    severity,
    case when suspect is null then coalesce(e_value / $budget, 1) end as rarity,
    moved_usd as stake_usd,
    typology || ': ' || reason as title,
    from_address,
    to_address,
    null as from_entity,
    null as to_entity,
    addresses,
    null as entities,
    json_object(
        'finding_id', finding_id,
        'moved_amount', moved_amount::varchar,
        'transfers', transfer_count,
        'token', coalesce(token_symbol, token_address)
    ) as content,
    json_object(
        'typology', typology,
        'detector_version', detector_version,
        'parameters', parameters::json,
        'e_value', e_value,
        'judged_by', judged_by,
        'verdict', verdict,
        'score', round(score, 6),
        'explain', 'netraflow finding ' || finding_id
    ) as baseline
from matters
