-- Gives: one row per swap of some, in time order: the positions that it changes, and what average cost needs to know
--   of it.
-- Reads: nothing that is stored
-- Takes: $first, $until, numbers of swaps; the relations swaps, positions
select
    s.n,
    g.place as gave,
    t.place as got,
    s.gave_amount,
    s.got_amount,
    coalesce(s.value_usd, 'nan'::double) as value,
    coalesce(s.gas_usd, 0) as gas,
    epoch_us(s.block_timestamp) as at
from swaps as s
inner join positions as g on g.id = s.id and g.token_key = s.gave_key
inner join positions as t on t.id = s.id and t.token_key = s.got_key
where s.n >= $first and s.n < $until
order by s.n
