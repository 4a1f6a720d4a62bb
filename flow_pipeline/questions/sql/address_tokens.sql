-- Gives: one row per token of an address, with what came and went, most transfers first
-- Reads: the transfers by address, intermediate.int_tokens__canonical
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $address_id
select
    k.token_symbol,
    k.token_address,
    bool_or(k.spoof_suspected) as spoof_suspected,
    count(*) filter (where not e.is_out) as transfers_in,
    count(*) filter (where e.is_out) as transfers_out,
    sum(e.amount) filter (where not e.is_out) as amount_in,
    sum(e.amount) filter (where e.is_out) as amount_out,
    sum(e.amount_usd) filter (where not e.is_out) as usd_in,
    sum(e.amount_usd) filter (where e.is_out) as usd_out,
    min(e.block_timestamp) as first_at,
    max(e.block_timestamp) as last_at
from ${ends} as e
inner join intermediate.int_tokens__canonical as k using (token_id)
where e.address_id = $address_id and e.chain = $chain and e.is_counted
group by k.token_key, k.token_symbol, k.token_address
order by count(*) desc, k.token_symbol, k.token_address
