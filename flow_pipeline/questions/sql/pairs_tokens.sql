-- Gives: one row per pair of addresses and token: what went from one to the other
-- Reads: the transfers by address, the names of tokens
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; ${tokens}, one like
--   intermediate.int_tokens__canonical; $chain; $address_ids, $other_ids and $are_out, an end of each pair with the
--   other one and whether it is the sender; $address_id, that end where it is the same of all, else null; $first and
--   $last day, null for all
with asked as (
    select
        unnest($address_ids::integer[]) as address_id,
        unnest($other_ids::integer[]) as other_id,
        unnest($are_out::boolean[]) as is_out
)

select
    case when e.is_out then e.address_id else e.other_id end as from_id,
    case when e.is_out then e.other_id else e.address_id end as to_id,
    k.token_symbol,
    k.token_address,
    count(*) as transfers,
    sum(e.amount)::decimal(38, 18) as amount,
    sum(e.amount_usd)::decimal(38, 6) as usd,
    min(e.block_timestamp) as first_at,
    max(e.block_timestamp) as last_at
from ${ends} as e
inner join asked as a on e.address_id = a.address_id and e.other_id = a.other_id and e.is_out = a.is_out
inner join ${tokens} as k on e.token_id = k.token_id
where
    e.is_counted
    and e.chain = $chain
    and ($address_id::integer is null or e.address_id = $address_id::integer)
    and ($first::date is null or e.block_timestamp >= $first::date)
    and ($last::date is null or e.block_timestamp < $last::date + 1)
group by all
order by from_id, to_id, usd desc nulls last, transfers desc, k.token_symbol, k.token_address
