-- Gives: the places of the transfers asked about that a transfer of the file is, by all that tells it from others
-- Reads: raw.transfers
-- Takes: $chains, $times, $marks, $places, $senders, $receivers, $amounts: lists of one length
with asked as (
    select
        generate_subscripts($chains::varchar[], 1) as place,
        unnest($chains::varchar[]) as chain,
        unnest($times::varchar[])::timestamp as block_timestamp,
        unnest($marks::varchar[]) as tx_hash,
        unnest($places::bigint[]) as transfer_index,
        unnest($senders::varchar[]) as from_address,
        unnest($receivers::varchar[]) as to_address,
        unnest($amounts::varchar[])::decimal(38, 18) as amount
)

select distinct a.place
from asked as a
inner join raw.transfers as t
    on
        t.chain = a.chain
        and t.block_timestamp = a.block_timestamp
        and t.tx_hash is not distinct from a.tx_hash
        and t.transfer_index is not distinct from a.transfer_index
        and t.from_address = a.from_address
        and t.to_address = a.to_address
        and t.amount is not distinct from a.amount
order by a.place
