-- Gives: the temp table judged_findings: one row per finding to store, and per stored one since a day, with what its
--   verdict is made from.
-- Reads: detection.findings
-- Takes: $since; the relations chosen_findings, measures, replaced_findings, verdict_rules
create or replace temp table judged_findings as
with new_findings as (
    select
        c.finding_id,
        m.name as typology,
        m.chain,
        m.token_symbol,
        m.token_address,
        m.last_timestamp::date as block_date,
        m.strength,
        m.strength_usd,
        m.centre_address,
        m.moved_usd,
        m.suspect,
        m.exceeds_limit,
        m.own_rate_log10,
        m.moved_amount,
        m.unstored_instances
    from chosen_findings as c inner join measures as m using (typology, finding)
)

select
    f.*,
    true as is_new,
    r.is_path,
    r.is_proof
from new_findings as f inner join verdict_rules as r using (typology)
union all
select
    f.finding_id,
    f.typology,
    f.chain,
    f.token_symbol,
    f.token_address,
    f.block_date,
    f.strength,
    f.strength_usd,
    f.centre_address,
    f.moved_usd,
    f.suspect,
    f.exceeds_limit,
    f.own_rate_log10,
    f.moved_amount,
    f.unstored_instances,
    false,
    r.is_path,
    r.is_proof
from detection.findings as f
inner join verdict_rules as r using (typology)
where
    f.block_date >= $since
    and f.finding_id not in (select finding_id from replaced_findings)
    and f.finding_id not in (select finding_id from new_findings)
