-- Gives: one row per reason for which rows were rejected
-- Reads: raw.rejects
select
    reason,
    count(*) as rejected,
    any_value(source_file) as example
from raw.rejects
group by reason
order by rejected desc, reason
