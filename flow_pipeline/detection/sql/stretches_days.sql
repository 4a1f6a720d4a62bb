-- Gives: one row per day and token from a day on: its transfers that can be edges, by day
-- Reads: store.transfers
-- Takes: $first; ${tokens}, a relation of token_id and token_key
select
    f.block_date - date '1970-01-01' as day,
    k.token_key,
    count(*) as transfers
from store.transfers as f inner join ${tokens} as k using (token_id)
where f.is_edge and f.block_date >= $first
group by all
order by day, k.token_key
