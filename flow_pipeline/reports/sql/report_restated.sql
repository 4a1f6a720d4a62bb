-- Gives: one row per restatement and set of labels
-- Reads: ops.restatements
select
    restated_at,
    labels,
    count(*) as exchange_days
from ops.restatements
group by all
order by restated_at desc
