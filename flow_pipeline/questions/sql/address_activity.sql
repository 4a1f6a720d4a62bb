-- Gives: one row: when an address was seen on a chain, and how many transfers of which kind it has
-- Reads: the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $address_id
select
    min(block_timestamp) as first_seen_at,
    max(block_timestamp) as last_seen_at,
    count(distinct block_timestamp::date) as active_days,
    count(*) filter (where is_counted and not is_out) as transfers_in,
    count(*) filter (where is_counted and is_out) as transfers_out,
    count(*) filter (where other_id = $address_id) as transfers_to_itself,
    count(*) filter (where not is_counted and other_id <> $address_id) as transfers_of_nothing,
    min(block_timestamp) filter (where is_counted and not is_out) as first_in_at,
    min(block_timestamp) filter (where is_counted and is_out) as first_out_at,
    sum(amount_usd) filter (where is_counted and not is_out)::decimal(38, 6) as usd_in,
    sum(amount_usd) filter (where is_counted and is_out)::decimal(38, 6) as usd_out,
    count(distinct token_id) as tokens
from ${ends}
where address_id = $address_id and chain = $chain
