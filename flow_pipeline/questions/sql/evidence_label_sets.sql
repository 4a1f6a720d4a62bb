-- Gives: one row per label set in force: how many labels, where they come from, and a hash of its rows in any order
-- Reads: raw.labels
select
    label_set,
    count(*) as labels,
    list_sort(list(distinct source))[:20] as sources,
    max(known_from) as latest_known_from,
    lower(to_hex(bit_xor(md5_number(concat_ws(
        '|',
        chain, address, entity, category, label, risk_level, confidence, source, valid_from, valid_to, known_from
    ))))) as content_hash
from raw.labels
group by label_set
order by label_set
