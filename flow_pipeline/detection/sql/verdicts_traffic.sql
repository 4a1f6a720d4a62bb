-- Gives: one row of store.traffic_days per token and day of a stretch of days.
-- Reads: store.transfers, store.prices
-- Takes: $first, $until; the relation graph_tokens
insert into store.traffic_days
select
    f.token_id,
    f.block_date,
    count(*) as transfers,
    count(*) filter (
        where p.usd is not null or (f.amount_usd is not null and not k.spoof_suspected)
    ) as priced
from store.transfers as f
inner join graph_tokens as k using (token_id)
left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
where f.is_edge and f.block_date >= $first and f.block_date < $until
group by f.token_id, f.block_date
