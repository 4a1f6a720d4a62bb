{{ config(materialized='view') }}
-- Spellings of one token (same chain and contract, or same chain and symbol where there is no contract) share a key and
-- a symbol.
with totals as (
    select
        token_id,
        sum(transfer_count) as transfer_count,
        min(block_date) as first_date,
        max(block_date) as last_date,
        sum(amount_bound) as amount_bound
    from {{ source('store', 'token_days') }}
    group by token_id
),

grouped as (
    select
        t.token_id,
        t.chain,
        t.token_address,
        coalesce(t.token_address, t.token_symbol) as token,
        min(t.token_id) over same_token as token_key,
        min(t.token_symbol) over same_token as first_symbol,
        sum(u.transfer_count) over same_token as transfer_count,
        min(u.first_date) over same_token as first_date,
        max(u.last_date) over same_token as last_date,
        sum(u.amount_bound) over same_token < 1e20 as is_summable
    from {{ source('store', 'tokens') }} as t
    inner join totals as u on t.token_id = u.token_id
    window same_token as (partition by t.chain, coalesce(t.token_address, t.token_symbol))
)

select
    g.token_id,
    g.token_key::integer as token_key,
    g.chain,
    g.token_address,
    coalesce(d.token_symbol, g.first_symbol) as token_symbol,
    d.decimals,
    g.transfer_count::bigint as transfer_count,
    g.first_date,
    g.last_date,
    g.is_summable,
    -- a price may name the contract or the symbol; the contract is the surer name
    coalesce(
        (
            select min(p.token) from {{ source('store', 'prices') }} as p
            where p.token = lower(g.token_address)
        ),
        lower(coalesce(d.token_symbol, g.first_symbol))
    ) as price_token
from grouped as g
left join {{ source('store', 'token_decimals') }} as d on g.chain = d.chain and g.token = d.token
