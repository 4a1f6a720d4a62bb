-- Gives: one row of store.hubs per candidate: since which day it is a hub, NULL when it is none yet, and at how many
--   transfers it is looked at again.
-- Reads: store.transfers, intermediate.int_address_labels__intervals
-- Takes: $degree; the relations graph_tokens, hub_candidates
insert into store.hubs
with meetings as (
    select
        c.token_key,
        c.address_id,
        f.to_id as other,
        f.block_date
    from (
        select * from store.transfers
        where from_id in (select address_id from hub_candidates)
    ) as f
    inner join graph_tokens as k using (token_id)
    inner join hub_candidates as c on c.token_key = k.token_key and c.address_id = f.from_id
    where f.is_edge
    union all
    select
        c.token_key,
        c.address_id,
        f.from_id,
        f.block_date
    from (
        select * from store.transfers
        where to_id in (select address_id from hub_candidates)
    ) as f
    inner join graph_tokens as k using (token_id)
    inner join hub_candidates as c on c.token_key = k.token_key and c.address_id = f.to_id
    where f.is_edge
),

counterparties as (
    select
        token_key,
        address_id,
        other,
        min(block_date) as first
    from meetings
    where
        other not in (
            select address_id from intermediate.int_address_labels__intervals
            where category = 'burn'
        )
    group by all
),

numbered as (
    select
        *,
        row_number() over (partition by token_key, address_id order by first) as number
    from counterparties
)

select
    c.token_key,
    c.address_id,
    max(n.first) filter (where n.number = $degree),
    max(c.transfers) + greatest($degree - count(n.first), 1)
from hub_candidates as c left join numbered as n using (token_key, address_id)
group by all
