-- Gives: one row per chain, day and token: its transfers, and those with a price; by a key of chain and day
-- Reads: store.traffic_days
-- Takes: $first and $last, days; the relation graph_tokens
select
    k.chain_number::bigint * 4294967296 + (d.block_date - date '1970-01-01') as key,
    k.position::bigint as token,
    sum(d.transfers)::bigint as transfers,
    coalesce(sum(d.transfers) filter (where d.band is null), 0)::bigint as priced
from store.traffic_days as d inner join graph_tokens as k using (token_id)
where d.block_date between $first and $last
group by all
order by key, token
