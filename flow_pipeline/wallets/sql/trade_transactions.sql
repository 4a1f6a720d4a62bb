-- Gives: the temp table party_transactions: one row per transaction of the parties that is known and did not fail.
-- Reads: raw.transactions, store.addresses, store.prices
-- Takes: $first, $chains, $coins; the relation parties
create or replace temp table party_transactions as
with transactions as materialized (
    select *
    from raw.transactions
    where block_timestamp >= $first and is_success is distinct from false and tx_hash in (select tx_hash from parties)
),

ends as materialized (
    select *
    from store.addresses
    where address in (select unnest([from_address, to_address]) from transactions)
),

native_coins as (
    select
        c.chain,
        -- a price for one chain's coin comes before that of the symbol
        coalesce(
            (
                select min(p.token) from store.prices as p
                where p.token = c.chain || ':' || c.coin
            ),
            c.coin
        ) as coin
    from (
        select
            unnest($chains) as chain,
            unnest($coins) as coin
    ) as c
)

select
    x.chain,
    x.tx_hash,
    x.block_number,
    x.transaction_index,
    x.method_id,
    s.address_id as sender_id,
    r.address_id as called_id,
    x.gas_price::double * x.gas_used / 1e18 as gas,
    gas * p.usd as gas_usd
from transactions as x
left join ends as s on s.address = x.from_address
left join ends as r on r.address = x.to_address
left join native_coins as c on c.chain = x.chain
left join store.prices as p on p.token = c.coin and p.price_date = x.block_timestamp::date
