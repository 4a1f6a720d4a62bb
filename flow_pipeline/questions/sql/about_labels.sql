-- Gives: one row per label set in force: labels, addresses, and the last day on which one became known
-- Reads: raw.labels
select
    label_set,
    count(*) as labels,
    count(distinct address) as addresses,
    list(distinct source order by source)[:5] as sources,
    max(known_from)::date as last_known_from
from raw.labels
group by label_set
order by labels desc, label_set
