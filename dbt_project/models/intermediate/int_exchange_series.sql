-- The series that have a row for every day: those of tokens that are known, and of others those that moved on enough
-- days to have a level. A series of a wallet is that of the address, whichever exchanges it belonged to. Of the rest
-- there may be as many as there are transfers; they are not kept.
with legs as (
    select
        block_date,
        token_key,
        to_entity as exchange,
        to_wallet_id as wallet_id
    from {{ ref('int_flows__daily') }}
    where to_category = 'exchange' and flow_type <> 'self'
    union all
    select
        block_date,
        token_key,
        from_entity,
        from_wallet_id
    from {{ ref('int_flows__daily') }}
    where from_category = 'exchange' and flow_type <> 'self'
),

series as (
    select
        token_key,
        exchange,
        wallet_id,
        count(distinct block_date) as active_days
    from legs
    group by grouping sets ((token_key), (token_key, exchange), (token_key, wallet_id))
)

select
    s.token_key,
    t.chain,
    t.token_symbol,
    t.token_address,
    s.exchange,
    s.wallet_id,
    a.address as wallet
from series as s
inner join {{ ref('int_tokens__known') }} as k on s.token_key = k.token_key
inner join {{ ref('int_tokens__keys') }} as t on s.token_key = t.token_key
left join {{ source('store', 'addresses') }} as a on s.wallet_id = a.address_id
where k.is_known or s.active_days >= {{ var('unknown_token_days') }}
