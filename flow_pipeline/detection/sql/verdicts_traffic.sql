-- Gives: one row of store.traffic_days per token, day and band of amounts of a stretch of days.
-- Reads: store.transfers, store.prices
-- Takes: $first, $until; ${band_of} of an amount; the relation graph_tokens
insert into store.traffic_days
select
    f.token_id,
    f.block_date,
    case when p.usd is null and (f.amount_usd is null or k.spoof_suspected) then ${band_of} end as band,
    count(*) as transfers
from store.transfers as f
inner join graph_tokens as k using (token_id)
left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
where f.is_edge and f.block_date >= $first and f.block_date < $until
group by all
