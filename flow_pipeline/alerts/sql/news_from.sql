-- Gives: one row where the days that a publication brings or changes reach over more than are told one by one: the
--   last, whose alerts are news; those of earlier days are history
-- Reads: store.told_days of the attached warehouse, days
-- Takes: $most (days)
select max(w.block_date) as news_from
from warehouse.store.told_days as w
left join days as d using (block_date)
where w.mark is distinct from d.mark
having max(w.block_date) - min(w.block_date) >= $most
