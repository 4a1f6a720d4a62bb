-- Gives: one row per unknown address one transfer further, with when that was first and last, most
--   transfers first
-- Reads: the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $address_id; $is_out, true where the walk
--   goes with the money; $most; the relations parties, frontier (address_id, since, until)
select
    e.other_id as address_id,
    min(e.block_timestamp) as first_at,
    max(e.block_timestamp) as last_at
from ${ends} as e
inner join frontier as w using (address_id)
left join parties as p on e.other_id = p.address_id and holds_at(p.valid_from, p.valid_to, e.block_timestamp)
where
    e.chain = $chain
    and e.is_out = $is_out
    and e.is_counted
    and e.block_timestamp between w.since and w.until
    and e.other_id <> $address_id
    and p.number is null
group by e.other_id
order by count(*) desc, e.other_id
limit $most
