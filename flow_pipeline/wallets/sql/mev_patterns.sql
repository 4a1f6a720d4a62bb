-- Gives: the temp table mev_patterns: one row per sandwich, arbitrage or liquidation, numbered.
-- Reads: nothing that is stored
-- Takes: $tolerance, $liquidations; the relations pool_swaps, parties, party_transactions
create or replace temp table mev_patterns as
with turns as (
    select
        *,
        lag(tx_hash) over same as front_tx,
        lag(transaction_index) over same as front_index,
        lag(gave_key) over same as front_gave_key,
        lag(got_key) over same as front_got_key,
        lag(gave_amount) over same as front_gave,
        lag(got_amount) over same as front_got,
        lag(got_usd) over same as front_usd,
        lag(gas_usd) over same as front_gas,
        lag(sender_id) over same as front_sender
    from pool_swaps
    where transaction_index is not null
    window same as (partition by chain, block_number, pool_id, wallet_id order by transaction_index)
),

sandwiches as (
    select
        o.*,
        list(v.tx_hash order by v.transaction_index) as victims
    from turns as o
    inner join pool_swaps as v
        on
            v.chain = o.chain
            and v.block_number = o.block_number
            and v.pool_id = o.pool_id
            and v.wallet_id <> o.wallet_id
            and v.gave_key = o.front_gave_key
            and v.got_key = o.front_got_key
            and v.transaction_index > o.front_index
            and v.transaction_index < o.transaction_index
    where
        o.got_key = o.front_gave_key
        and o.gave_key = o.front_got_key
        and abs(o.got_amount - o.front_gave) <= $tolerance * o.front_gave
    group by all
),

rounds as (
    select
        chain,
        tx_hash,
        list_sort(list(distinct pool_id)) as pools,
        list(distinct got_key) as tokens
    from pool_swaps
    group by all
    having count(*) > 1 and list_sort(list(distinct got_key)) = list_sort(list(distinct gave_key))
),

arbitrages as (
    select
        p.*,
        r.pools,
        x.sender_id,
        x.gas_usd,
        row_number() over (partition by p.chain, p.tx_hash order by p.id = x.sender_id desc) as place
    from rounds as r
    inner join parties as p on p.chain = r.chain and p.tx_hash = r.tx_hash
    inner join party_transactions as x on x.chain = p.chain and x.tx_hash = p.tx_hash
    where p.gives = 0 and p.gets = 1 and p.id in (x.sender_id, x.called_id) and list_contains(r.tokens, p.got_key)
)

select
    row_number() over () as n,
    *
from (
    select
        'sandwich' as kind,
        chain,
        block_date,
        block_timestamp,
        block_number,
        wallet_id,
        front_sender as sender_id,
        [front_tx, tx_hash] as tx_hashes,
        victims,
        [pool_id] as pools,
        gave_key as token_key,
        gave_amount - front_got as gain_amount,
        gave_usd - front_usd - coalesce(gas_usd, 0) - coalesce(front_gas, 0) as gain_usd,
        gas_usd + front_gas as gas_usd
    from sandwiches
    union all
    select
        'arbitrage',
        chain,
        block_date,
        block_timestamp,
        block_number,
        id,
        sender_id,
        [tx_hash],
        [],
        pools,
        got_key,
        got_amount,
        got_usd - coalesce(gas_usd, 0),
        gas_usd
    from arbitrages
    where place = 1
    union all
    select
        'liquidation',
        p.chain,
        p.block_date,
        p.block_timestamp,
        p.block_number,
        p.id,
        x.sender_id,
        [p.tx_hash],
        [],
        [],
        p.got_key,
        case when p.gives = 0 and p.gets = 1 then p.got_amount end,
        case
            when p.gets = 1 and p.gives <= 1
                then p.got_usd - case when p.gives = 1 then p.gave_usd else 0 end - coalesce(x.gas_usd, 0)
        end,
        x.gas_usd
    from party_transactions as x
    inner join parties as p on p.chain = x.chain and p.tx_hash = x.tx_hash and p.id = x.sender_id
    where x.method_id in (select unnest($liquidations::varchar[])) and p.gets > 0
)
