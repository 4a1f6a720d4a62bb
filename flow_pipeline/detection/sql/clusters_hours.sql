-- Gives: one row per cluster and hour of the day with transfers
-- Reads: nothing
-- Takes: the relations cluster_transfers, clusters_of_day
select
    c.cluster,
    t.hour,
    count(*) as transfers,
    sum(t.amount)::double as amount
from cluster_transfers as t inner join clusters_of_day as c using (chain, token_key, entity)
group by c.cluster, t.hour
order by c.cluster, t.hour
