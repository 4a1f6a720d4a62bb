-- Gives: one row per pair of addresses and token: what went from one to the other
-- Reads: the transfers by address, the names of tokens
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; ${tokens}, one like
--   intermediate.int_tokens__canonical; ${pairs}, a query that gives from_id and to_id; $from_ids and $to_ids for it;
--   $chain; $first and $last day, null for all
with asked as materialized (
    select distinct
        from_id,
        to_id
    from ${pairs}
)

select
    e.address_id as from_id,
    e.other_id as to_id,
    k.token_symbol,
    k.token_address,
    count(*) as transfers,
    sum(e.amount)::decimal(38, 18) as amount,
    sum(e.amount_usd)::decimal(38, 6) as usd,
    min(e.block_timestamp) as first_at,
    max(e.block_timestamp) as last_at
from ${ends} as e
inner join asked as a on e.address_id = a.from_id and e.other_id = a.to_id
inner join ${tokens} as k on e.token_id = k.token_id
where
    e.is_out
    and e.is_counted
    and e.chain = $chain
    and e.address_id in (select unnest($from_ids::integer[]))
    and e.other_id in (select unnest($to_ids::integer[]))
    and ($first::date is null or e.block_timestamp >= $first::date)
    and ($last::date is null or e.block_timestamp < $last::date + 1)
group by all
order by from_id, to_id, usd desc nulls last, transfers desc, k.token_symbol, k.token_address
