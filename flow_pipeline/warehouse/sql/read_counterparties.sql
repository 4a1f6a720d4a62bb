-- Gives: fills store.counterparties, sorted by address and rank
-- Reads: store.address_transfers
-- Takes: $busy_transfers, from which an address is busy
insert into store.counterparties by name
with busy as (
    select
        address_id,
        chain
    from store.address_transfers
    where is_counted
    group by all
    having count(*) >= $busy_transfers
),

totals as (
    select
        e.address_id,
        e.chain,
        e.other_id,
        count(*) filter (where e.is_out) as transfers_out,
        count(*) filter (where not e.is_out) as transfers_in,
        sum(e.amount_usd) filter (where e.is_out)::decimal(38, 6) as usd_out,
        sum(e.amount_usd) filter (where not e.is_out)::decimal(38, 6) as usd_in,
        min(e.block_timestamp) as first_at,
        max(e.block_timestamp) as last_at
    from store.address_transfers as e
    inner join busy as b on e.address_id = b.address_id and e.chain = b.chain
    where e.is_counted
    group by all
)

select
    *,
    row_number() over (
        partition by address_id, chain
        order by counterparty_place(usd_out, usd_in, transfers_out, transfers_in, first_at, other_id)
    ) as rank
from totals
order by address_id, chain, rank
