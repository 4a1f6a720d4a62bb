-- Gives: one row per chain and judged day in whose pool's days one address touches more than a share of all transfers
-- Reads: store.transfers, store.traffic_days, store.busiest
-- Takes: $pool_days, $max_share; $first and $last, the days of the pools; the relations pool, graph_tokens
-- Who touches so many in all does so on one of the days at least.
with wanted as (
    select distinct
        chain as chain_number,
        date '1970-01-01' + day::integer as day
    from pool
    where is_judged
),

candidates as (
    select distinct
        k.chain_number,
        k.token_id,
        b.address_id
    from store.busiest as b inner join graph_tokens as k using (chain)
    where b.block_date between $first and $last
),

transfers as (
    select
        token_id,
        block_date,
        from_id,
        to_id
    from store.transfers
    where
        is_edge
        and block_date between $first and $last
        and exists (select 1 from candidates)
),

touched as (
    select
        c.chain_number,
        c.address_id,
        f.block_date
    from transfers as f inner join candidates as c on c.token_id = f.token_id and c.address_id = f.from_id
    union all
    select
        c.chain_number,
        c.address_id,
        f.block_date
    from transfers as f inner join candidates as c on c.token_id = f.token_id and c.address_id = f.to_id
),

traffic as (
    select
        k.chain_number,
        d.block_date,
        sum(d.transfers) as transfers
    from store.traffic_days as d inner join graph_tokens as k using (token_id)
    where d.block_date between $first and $last
    group by all
),

totals as (
    select
        w.chain_number,
        w.day,
        sum(t.transfers) as transfers
    from wanted as w
    inner join traffic as t
        on t.chain_number = w.chain_number and t.block_date between w.day - $pool_days::integer and w.day
    group by all
)

select distinct
    w.chain_number::bigint as chain,
    w.day - date '1970-01-01' as day
from totals as w
inner join touched as t
    on t.chain_number = w.chain_number and t.block_date between w.day - $pool_days::integer and w.day
group by w.chain_number, w.day, w.transfers, t.address_id
having count(*) > $max_share * w.transfers
