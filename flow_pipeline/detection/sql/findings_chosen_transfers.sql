-- Gives: the temp table chosen_transfers: one row per finding to store and transfer, numbered in time.
-- Reads: nothing stored
-- Takes: the relations chosen_findings, hits, hit_transfers
create or replace temp table chosen_transfers as
select
    c.finding_id,
    h.typology,
    h.finding,
    h.part,
    h.focus_id,
    t.*,
    row_number() over (partition by c.finding_id order by h.position)::integer as ordinal
from chosen_findings as c inner join hits as h using (typology, finding) inner join hit_transfers as t using (position)
