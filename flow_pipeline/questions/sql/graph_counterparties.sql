-- Gives: one row per counterparty of an address on a chain: transfers and dollars each way, the most dollars first
-- Reads: store.transfers, store.addresses, store.prices, intermediate.int_tokens__canonical
-- Takes: $chain, $address_id, $most, $after
with ends as (
    select
        case when f.from_id = $address_id then f.to_id else f.from_id end as address_id,
        f.from_id = $address_id as is_out,
        case
            when k.is_summable then usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected)
        end as usd,
        f.block_timestamp
    from store.transfers as f
    inner join intermediate.int_tokens__canonical as k using (token_id)
    left join store.prices as p on f.block_date = p.price_date and k.price_token = p.token
    where
        k.chain = $chain
        and (f.from_id = $address_id or f.to_id = $address_id)
        and f.from_id <> f.to_id
        and (f.amount is null or f.amount > 0)
),

summed as (
    select
        address_id,
        count(*) filter (where is_out) as transfers_out,
        count(*) filter (where not is_out) as transfers_in,
        sum(usd) filter (where is_out) as usd_out,
        sum(usd) filter (where not is_out) as usd_in,
        min(block_timestamp) as first_at,
        max(block_timestamp) as last_at
    from ends
    group by address_id
),

ranked as (
    select
        row_number() over (
            order by coalesce(usd_out, 0) + coalesce(usd_in, 0) desc, transfers_out + transfers_in desc, address_id
        ) as rank,
        *
    from summed
)

select
    r.rank,
    r.address_id,
    a.address,
    r.transfers_out,
    r.transfers_in,
    r.usd_out,
    r.usd_in,
    r.first_at,
    r.last_at
from ranked as r
inner join store.addresses as a using (address_id)
where r.rank > $after and r.rank <= $after + $most
order by r.rank
