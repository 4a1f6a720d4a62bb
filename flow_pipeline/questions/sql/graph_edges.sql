-- Gives: one row per sender, receiver and token among the given addresses: transfers, sums, first and last time
-- Reads: store.transfers, store.addresses, store.prices, intermediate.int_tokens__canonical
-- Takes: $chain, $addresses, $first, $last
with asked as (
    select
        address_id,
        address
    from store.addresses
    where address in (select unnest($addresses::varchar[]))
)

select
    a.address as source,
    b.address as target,
    k.token_symbol,
    k.token_address,
    count(*) as transfers,
    sum(case when k.is_summable then f.amount end) as amount,
    sum(case when k.is_summable then usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected) end) as usd,
    min(f.block_timestamp) as first_at,
    max(f.block_timestamp) as last_at
from store.transfers as f
inner join intermediate.int_tokens__canonical as k using (token_id)
inner join asked as a on f.from_id = a.address_id
inner join asked as b on f.to_id = b.address_id
left join store.prices as p on f.block_date = p.price_date and k.price_token = p.token
where
    k.chain = $chain
    and f.from_id <> f.to_id
    and (f.amount is null or f.amount > 0)
    and ($first::date is null or f.block_date >= $first::date)
    and ($last::date is null or f.block_date <= $last::date)
group by a.address, b.address, k.token_symbol, k.token_address
order by source, target, usd desc nulls last, transfers desc, k.token_symbol, k.token_address
