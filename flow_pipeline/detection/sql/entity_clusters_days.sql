-- Gives: one row per day, token and entity in marts.fct_entity_clusters: what it took in and paid out with all its
--   addresses, and how many of its wallets are hot or cold
-- Reads: marts.fct_daily_wallet_roles, intermediate.int_tokens__keys
-- Takes: the relations entity_transfers, cluster_members
insert into marts.fct_entity_clusters by name
with legs as (
    -- Direction: 1 in, -1 out; within the entity the receipt counts as 0, the payment not at all.
    select
        block_date,
        token_key,
        receiver as owner,
        to_id as id,
        is_receiver_deposit as is_deposit,
        amount,
        case when sender = receiver then 0 else 1 end as direction
    from entity_transfers
    where is_summable and receiver is not null
    union all
    select
        block_date,
        token_key,
        sender,
        from_id,
        is_sender_deposit,
        amount,
        case when sender = receiver then 2 else -1 end
    from entity_transfers
    where is_summable and sender is not null
),

sums as (
    select
        block_date,
        token_key,
        owner,
        count(distinct id) as address_count,
        count(distinct id) filter (where is_deposit) as deposit_address_count,
        coalesce(sum(amount) filter (where direction = 1), 0) as inflow,
        coalesce(sum(amount) filter (where direction = -1), 0) as outflow,
        coalesce(sum(amount) filter (where direction = 0), 0) as internal
    from legs
    group by all
),

roles as (
    select
        block_date,
        chain,
        entity,
        count(*) filter (where role = 'hot') as hot_wallet_count,
        count(*) filter (where role = 'cold') as cold_wallet_count
    from marts.fct_daily_wallet_roles
    group by all
),

entities as (
    select
        chain,
        owner,
        entity,
        min(category) as category,
        case when min(region) = max(region) then min(region) else 'MULTI' end as region
    from cluster_members
    group by all
)

select
    s.block_date,
    t.chain,
    t.token_symbol,
    t.token_address,
    e.entity,
    e.category,
    e.region,
    s.address_count,
    s.deposit_address_count,
    s.inflow,
    s.outflow,
    s.inflow - s.outflow as netflow,
    s.internal,
    coalesce(r.hot_wallet_count, 0) as hot_wallet_count,
    coalesce(r.cold_wallet_count, 0) as cold_wallet_count
from sums as s
inner join intermediate.int_tokens__keys as t using (token_key)
inner join entities as e on e.chain = t.chain and e.owner = s.owner
left join roles as r on r.block_date = s.block_date and r.chain = t.chain and r.entity = e.entity
