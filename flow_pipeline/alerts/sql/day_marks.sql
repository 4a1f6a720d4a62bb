-- Gives: the temp table day_marks: one row per day and a mark of its transfers, the labels, prices and rules
-- Reads: store.day_hashes, store.prices, raw.labels
-- Takes: $rules
create or replace temp table day_marks as
select
    d.block_date,
    md5(
        concat_ws(
            '|',
            d.content_hash,
            d.row_count,
            $rules,
            (select coalesce(bit_xor(hash(labels)), 0) from raw.labels),
            (select coalesce(bit_xor(hash(prices)), 0) from store.prices)
        )
    ) as mark
from store.day_hashes as d
