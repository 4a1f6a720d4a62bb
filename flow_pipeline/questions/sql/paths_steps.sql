-- Gives: one row per transfer between addresses that paths may pass, in the order of time
-- Reads: the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain; $first and $last day and $tokens, each null
--   for all; $hops; $most; the relation near (address_id, hops_from the source, hops_to the target)
select
    e.block_timestamp,
    epoch_us(e.block_timestamp) as time,
    e.address_id as from_id,
    e.other_id as to_id,
    e.load_id,
    e.source_row
from ${ends} as e
inner join near as a on e.address_id = a.address_id
inner join near as b on e.other_id = b.address_id
where
    e.chain = $chain
    and e.is_out
    and e.is_counted
    and a.hops_from + 1 + b.hops_to <= $hops
    and ($first::date is null or e.block_timestamp >= $first::date)
    and ($last::date is null or e.block_timestamp < $last::date + 1)
    and ($tokens::integer[] is null or list_contains($tokens::integer[], e.token_id))
order by e.block_timestamp, e.load_id, e.source_row
limit $most
