-- Gives: one row per cluster and pair of sender and receiver
-- Reads: nothing
-- Takes: the relations cluster_transfers, clusters_of_day
select
    c.cluster,
    t.from_id,
    t.to_id,
    sum(t.amount)::double as amount
from cluster_transfers as t inner join clusters_of_day as c using (chain, token_key, entity)
group by c.cluster, t.from_id, t.to_id
order by c.cluster, t.from_id, t.to_id
