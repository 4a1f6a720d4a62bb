-- Gives: one row per load that refused a row for a time that is believable now
-- Reads: raw.rejects
-- Takes: $load_ids, $earliest and $latest (bounds of believable times)
select distinct load_id
from raw.rejects
where
    load_id in (select unnest($load_ids::integer[]))
    and reason = 'bad_timestamp'
    and try_cast(regexp_extract(message, '\d{4}-\d{2}-\d{2} [0-9:.]+$') as timestamp) >= $earliest
    and try_cast(regexp_extract(message, '\d{4}-\d{2}-\d{2} [0-9:.]+$') as timestamp) < $latest
