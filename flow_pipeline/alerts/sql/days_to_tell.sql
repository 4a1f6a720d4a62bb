-- Gives: the temp table days_to_tell: one row per day whose mark is not that of the last comparison
-- Reads: ledger.days
-- Takes: the relation day_marks
create or replace temp table days_to_tell as
select coalesce(d.block_date, t.block_date) as block_date
from day_marks as d
full join ledger.days as t using (block_date)
where d.mark is distinct from t.mark
