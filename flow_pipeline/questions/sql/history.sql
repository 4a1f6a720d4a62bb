-- Gives: one row per day and token of an address: what came and went, and how far it has changed since the window began
-- Reads: store.transfers, store.prices, intermediate.int_tokens__canonical
-- Takes: $chain, $address_id; $first and $last day, null for all
with own as materialized (
    select
        token_id,
        block_date,
        false as is_out,
        amount,
        amount_usd
    from store.transfers
    where
        to_id = $address_id
        and from_id <> $address_id
        and ($first is null or block_date >= $first)
        and ($last is null or block_date <= $last)
    union all
    select
        token_id,
        block_date,
        true,
        amount,
        amount_usd
    from store.transfers
    where
        from_id = $address_id
        and to_id <> $address_id
        and ($first is null or block_date >= $first)
        and ($last is null or block_date <= $last)
),

priced as (
    select
        f.block_date,
        k.token_key,
        k.token_symbol,
        k.token_address,
        f.is_out,
        f.amount is null as is_unknown,
        case when k.is_summable then f.amount end as amount,
        usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected) as usd
    from own as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    left join store.prices as p on f.block_date = p.price_date and k.price_token = p.token
    where k.chain = $chain
),

days as (
    select
        block_date,
        token_key,
        token_symbol,
        token_address,
        count(*) filter (where not is_out) as transfers_in,
        count(*) filter (where is_out) as transfers_out,
        count(*) filter (where is_unknown) as unknown_amounts,
        case when count(amount) > 0 then coalesce(sum(amount) filter (where not is_out), 0) end as inflow,
        case when count(amount) > 0 then coalesce(sum(amount) filter (where is_out), 0) end as outflow,
        sum(usd) filter (where not is_out) as usd_in,
        sum(usd) filter (where is_out) as usd_out
    from priced
    group by block_date, token_key, token_symbol, token_address
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
