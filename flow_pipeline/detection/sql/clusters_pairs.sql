-- Gives: one row per cluster of a part and pair of sender and receiver
-- Reads: nothing
-- Takes: $part; the relations cluster_transfers, clusters_of_days, cluster_places
with clusters as (
    select
        cluster,
        block_date,
        token_key,
        owner
    from clusters_of_days
    where part = $part
),

pairs as (
    select
        c.cluster,
        t.from_id,
        t.to_id,
        sum(t.amount)::double as amount,
        bool_or(t.is_from) as is_from,
        bool_or(t.is_to) as is_to
    from cluster_transfers as t inner join clusters as c using (block_date, token_key, owner)
    where
        t.block_date >= (select min(block_date) from clusters)
        and t.block_date <= (select max(block_date) from clusters)
    group by c.cluster, t.from_id, t.to_id
)

select
    p.cluster,
    s.place as sender,
    r.place as receiver,
    p.amount,
    p.is_from,
    p.is_to
from pairs as p
inner join cluster_places as s on s.address_id = p.from_id
inner join cluster_places as r on r.address_id = p.to_id
order by p.cluster, sender, receiver
