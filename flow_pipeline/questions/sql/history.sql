-- Gives: one row per day and token of an address: what came and went, and how far it has changed since the window began
-- Reads: the transfers by address, intermediate.int_tokens__canonical
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $address_id; $first and $last day, null for
--   all
with days as (
    select
        e.block_timestamp::date as block_date,
        k.token_key,
        k.token_symbol,
        k.token_address,
        count(*) filter (where not e.is_out) as transfers_in,
        count(*) filter (where e.is_out) as transfers_out,
        count(*) filter (where e.amount is null) as unknown_amounts,
        case when count(e.amount) > 0 then coalesce(sum(e.amount) filter (where not e.is_out), 0) end as inflow,
        case when count(e.amount) > 0 then coalesce(sum(e.amount) filter (where e.is_out), 0) end as outflow,
        sum(e.amount_usd) filter (where not e.is_out) as usd_in,
        sum(e.amount_usd) filter (where e.is_out) as usd_out
    from ${ends} as e
    inner join intermediate.int_tokens__canonical as k using (token_id)
    where
        e.address_id = $address_id
        and e.chain = $chain
        and e.is_counted
        and ($first::date is null or e.block_timestamp >= $first::date)
        and ($last::date is null or e.block_timestamp < $last::date + 1)
    group by all
)

select
    block_date,
    token_symbol,
    token_address,
    transfers_in,
    transfers_out,
    unknown_amounts,
    inflow,
    outflow,
    inflow - outflow as netflow,
    sum(inflow - outflow) over (partition by token_key order by block_date) as change,
    usd_in,
    usd_out
from days
order by block_date, token_symbol, token_address
