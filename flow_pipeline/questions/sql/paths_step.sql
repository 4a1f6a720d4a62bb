-- Gives: one row per address that is one transfer further than the frontier, with the time from which money can go on
--   there, or up to which it can have come; the first to be reached come first
-- Reads: the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain; $is_out, true where the walk goes with the
--   money; $first and $last day and $tokens, each null for all; $is_open, false where only addresses of the relation
--   `within` (address_id, hops) with up to $hops_left hops may be reached; $most; the relation frontier (address_id,
--   moment)
select
    e.other_id as address_id,
    case when $is_out then min(e.block_timestamp) else max(e.block_timestamp) end as moment,
    case when $is_out then min(epoch_us(e.block_timestamp)) else -max(epoch_us(e.block_timestamp)) end as place
from ${ends} as e
inner join frontier as w using (address_id)
where
    e.chain = $chain
    and e.is_out = $is_out
    and e.is_counted
    and ($first::date is null or e.block_timestamp >= $first::date)
    and ($last::date is null or e.block_timestamp < $last::date + 1)
    and ($tokens::integer[] is null or list_contains($tokens::integer[], e.token_id))
    and case when $is_out then e.block_timestamp >= w.moment else e.block_timestamp <= w.moment end
    and ($is_open or e.other_id in (
        select n.address_id from within as n
        where n.hops <= $hops_left
    ))
group by e.other_id
order by place, address_id
limit $most
