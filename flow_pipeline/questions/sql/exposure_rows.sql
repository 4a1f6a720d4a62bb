-- Gives: one row per transfer of some addresses, each within its time, the earliest first
-- Reads: the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain; $ids of addresses, $since and $until of
--   each, $only_out, null for both ways; $most
select
    e.block_timestamp,
    e.load_id,
    e.source_row,
    e.token_id,
    case when e.is_out then e.address_id else e.other_id end as sender,
    case when e.is_out then e.other_id else e.address_id end as receiver,
    e.amount,
    e.amount_usd
from ${ends} as e
inner join (
    select
        unnest($ids::integer[]) as address_id,
        unnest($since::timestamp[]) as since,
        unnest($until::timestamp[]) as until,
        unnest($only_out::boolean[]) as only_out
) as w using (address_id)
where
    e.chain = $chain
    and e.is_counted
    and e.amount > 0
    and e.block_timestamp between w.since and w.until
    and (w.only_out is null or e.is_out = w.only_out)
order by e.block_timestamp, e.load_id, e.source_row
limit $most
