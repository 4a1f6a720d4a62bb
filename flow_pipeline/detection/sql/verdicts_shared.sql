-- Gives: one row per judged finding of a stretch of days and thing that it may not share, findings numbered typology by
--   typology and day by day, the strongest first: for paths their transfers, for others the address and token that they
--   are about.
-- Reads: detection.finding_transfers
-- Takes: $first, $until; the relations judged_findings, chosen_transfers
with findings as (
    select
        *,
        row_number() over (order by typology, block_date, strength desc, finding_id) - 1 as finding
    from judged_findings
    where block_date >= $first and block_date < $until
),

things as (
    select
        p.finding,
        p.typology,
        p.block_date,
        t.source_file as thing,
        t.source_row as part
    from findings as p inner join chosen_transfers as t using (finding_id)
    where p.is_path and p.is_new
    union all
    select
        p.finding,
        p.typology,
        p.block_date,
        t.source_file,
        t.source_row
    from findings as p inner join detection.finding_transfers as t using (finding_id)
    where p.is_path and not p.is_new
    union all
    select
        finding,
        typology,
        block_date,
        concat_ws('|', chain, coalesce(token_address, token_symbol), centre_address),
        0
    from findings
    where not is_path
)

select
    finding,
    dense_rank() over (order by typology, block_date, thing, part) - 1 as thing
from things
order by finding
