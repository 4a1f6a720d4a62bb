-- Gives: one row per day and token: volume, what left exchanges, and what left domestic wallets
-- Reads: marts.fct_daily_region_flow, marts.fct_daily_netflow, marts.fct_daily_outflow
with volumes as (
    select
        block_date,
        chain,
        token_symbol,
        token_address,
        sum(amount) as volume,
        sum(transfer_count)::bigint as transfer_count
    from marts.fct_daily_region_flow
    group by all
),

domestic_outflows as (
    select
        block_date,
        chain,
        token_symbol,
        token_address,
        sum(amount) as amount,
        sum(transfer_count)::bigint as transfer_count
    from marts.fct_daily_outflow
    group by all
)

select
    v.*,
    coalesce(n.outflow, 0) as exchange_outflow,
    coalesce(n.outflow_count, 0) as exchange_outflow_count,
    coalesce(d.amount, 0) as domestic_outflow,
    coalesce(d.transfer_count, 0) as domestic_outflow_count
from volumes as v
left join marts.fct_daily_netflow as n
    on
        n.block_date = v.block_date
        and n.chain = v.chain
        and n.token_symbol is not distinct from v.token_symbol
        and n.token_address is not distinct from v.token_address
left join domestic_outflows as d
    on
        d.block_date = v.block_date
        and d.chain = v.chain
        and d.token_symbol is not distinct from v.token_symbol
        and d.token_address is not distinct from v.token_address
order by all
