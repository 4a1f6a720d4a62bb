-- Gives: one row where a publication brings or changes more days than are told one by one: its last day, whose alerts
--   are news; those of earlier days are history
-- Reads: store.told_days of the attached warehouse, days
-- Takes: $most (days)
select max(w.block_date) as news_from
from warehouse.store.told_days as w
left join days as d using (block_date)
where w.mark is distinct from d.mark
having count(*) > $most
