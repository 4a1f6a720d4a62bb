-- Gives: how many counterparties of an address have a transfer since a day, and how many of them had none before
-- Reads: store.counterparties, the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $address_id; $first, the day, null for all
with news as (
    select distinct other_id
    from ${ends}
    where
        address_id = $address_id
        and chain = $chain
        and is_counted
        and ($first::date is null or block_timestamp >= $first::date)
),

listed as (
    select other_id
    from store.counterparties
    where address_id = $address_id and chain = $chain
)

select
    count(*) as news,
    count(*) filter (where n.other_id not in (select l.other_id from listed as l)) as newcomers
from news as n
