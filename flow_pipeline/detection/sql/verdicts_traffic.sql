-- Gives: one row of store.traffic_days per token and day from a day on.
-- Reads: store.transfers, store.prices
-- Takes: $first; the relation graph_tokens
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
where f.is_edge and f.block_date >= $first
group by f.token_id, f.block_date
