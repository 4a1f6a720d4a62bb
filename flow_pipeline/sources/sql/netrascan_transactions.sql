-- Gives: one row per wallet, with its category, score and count of transactions, and one per transaction of its list
-- Reads: the relation lines, one JSON object per wallet
select
    line_row,
    0 as ordinal,
    line ->> '$.wallet' as wallet,
    line ->> '$.category' as category,
    line ->> '$.score' as score,
    coalesce(json_array_length(line -> '$.txs'), 0) as tx_count,
    null::json as tx,
    line::varchar as raw_text
from lines
union all
select
    line_row,
    t.ordinal,
    null as wallet,
    null as category,
    null as score,
    null as tx_count,
    t.tx,
    t.tx::varchar as raw_text
from lines,
    lateral (
        select
            unnest(json_extract(line -> '$.txs', '$[*]')) as tx,
            generate_subscripts(json_extract(line -> '$.txs', '$[*]'), 1) as ordinal
    ) as t
where json_type(line -> '$.txs') = 'ARRAY'
