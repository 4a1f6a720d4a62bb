-- Gives: one row per token that a pool measures by its ordinary amount, day and band of amounts: how many transfers
--   without a price it holds
-- Reads: store.traffic_days
-- Takes: $first and $last, days; the relations pool, graph_tokens
select
    k.position::bigint as token,
    d.band::bigint as band,
    (d.block_date - date '1970-01-01')::bigint as day,
    sum(d.transfers)::bigint as transfers
from store.traffic_days as d
inner join graph_tokens as k using (token_id)
where
    d.band is not null
    and d.block_date between $first and $last
    and k.position in (
        select token from pool
        where isnan(strength_usd)
    )
group by all
order by token, band
