-- Gives: one row per label of an address, chain and stretch of time whose category has a role in the graph.
-- Reads: intermediate.int_address_labels__intervals
-- Takes: $categories and their $roles; the relation graph_tokens
with category_roles as (
    select
        unnest($categories) as category,
        unnest($roles) as role
),

chains as (
    select distinct
        chain,
        chain_number
    from graph_tokens
)

select
    i.address_id::integer as address,
    c.chain_number as chain,
    epoch_us(i.valid_from) as start,
    epoch_us(i.valid_to) as stop,
    r.role::tinyint as role,
    (dense_rank() over (order by i.entity))::integer as entity
from intermediate.int_address_labels__intervals as i
inner join category_roles as r on r.category = i.category
inner join chains as c on c.chain = i.chain
