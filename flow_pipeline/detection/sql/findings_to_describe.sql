-- Gives: one row per chosen finding of a typology between two of their numbers, in their order, with what was measured
-- Reads: nothing stored
-- Takes: $typology; $first, $last; the relations chosen_findings, measures
select
    token_symbol,
    duration,
    transfer_count,
    address_count,
    moved_amount,
    gross_amount,
    focus_address
from measures semi join chosen_findings using (typology, finding)
where typology = $typology and finding between $first and $last
order by finding
