-- Gives: one row per label `sanctioned` of an address, whatever the chain: since when, until when, and by which list
-- Reads: raw.labels
-- Takes: $known_on
select
    address,
    epoch_us(coalesce(valid_from, timestamp '1970-01-01')) as start,
    epoch_us(max(coalesce(valid_to, timestamp '9999-12-31'))) as stop,
    entity || ', ' || string_agg(distinct source, '; ' order by source) as said
from raw.labels
where category = 'sanctioned' and (known_from is null or known_from < $known_on::date + interval 1 day)
group by address, entity, valid_from
order by address, said
