-- Gives: the temp table acts: one row per wallet and transaction from a day on: those it sent, and those that others
--   sent to make it trade.
-- Reads: raw.transactions, store.addresses, intermediate.int_address_labels__intervals, marts.fct_wallet_trades,
--   detection.mev_events
-- Takes: $first, $least, $defi
create or replace temp table acts as
with blocks as (
    select
        chain,
        block_number,
        quantile_cont(gas_price::double, [0.5, 0.9]) as q
    from raw.transactions
    where block_timestamp >= $first and gas_price > 0
    group by all
    having count(*) >= $least
),

defi as (
    select
        chain,
        address_id,
        valid_from,
        valid_to
    from intermediate.int_address_labels__intervals
    where list_contains($defi, category)
),

called as (
    select
        t.chain,
        t.tx_hash,
        a.address_id,
        t.block_timestamp
    from marts.fct_wallet_trades as t inner join store.addresses as a on a.address = t.wallet
    where t.block_date >= $first and t.wallet_basis <> 'sender'
    union distinct
    select
        m.chain,
        unnest(m.tx_hashes),
        a.address_id,
        m.block_timestamp
    from detection.mev_events as m inner join store.addresses as a on a.address = m.wallet
    where m.block_date >= $first and m.wallet <> m.sender
)

select
    x.chain,
    s.address_id,
    x.block_timestamp::date as block_date,
    x.block_timestamp,
    r.address_id as called_id,
    x.is_success,
    x.method_id is not null or x.created_contract is not null as is_contract,
    d.address_id is not null as is_defi,
    case when x.gas_price > 0 then try_cast(x.gas_price::double / b.q[1] as decimal(18, 6)) end as gas_ratio,
    x.gas_price > b.q[2] as is_over,
    try_cast(x.gas_price::double * x.gas_used / 1e18 as decimal(38, 18)) as gas
from raw.transactions as x
inner join store.addresses as s on s.address = x.from_address
left join store.addresses as r on r.address = x.to_address
left join blocks as b on b.chain = x.chain and b.block_number = x.block_number
left join defi as d
    on d.chain = x.chain and d.address_id = r.address_id and holds_at(d.valid_from, d.valid_to, x.block_timestamp)
where x.block_timestamp >= $first
union all by name
select
    chain,
    address_id,
    block_timestamp::date as block_date,
    block_timestamp,
    true as is_contract,
    false as is_defi
from called
