-- Gives: one row per transfer of the addresses walked over, with the numbers of the parties at its ends: 0 for the
--   address asked for, -1 for nobody known; of some that a bound leaves out the latest
-- Reads: intermediate.int_tokens__canonical
-- Takes: $address_id; $seconds_of_a_block where the clock is blocks, else 0; $most; the relations parties,
--   rows_found of transfers, some of them twice
with found as (
    select distinct *
    from rows_found
    order by block_timestamp, load_id, source_row
    limit $most
)

select
    f.block_timestamp,
    f.load_id,
    f.source_row,
    epoch_us(f.block_timestamp) as time,
    (f.block_timestamp::date - date '1970-01-01')::bigint as day,
    case
        when $seconds_of_a_block > 0 then epoch(f.block_timestamp)::bigint // $seconds_of_a_block
        else epoch(f.block_timestamp)::bigint
    end as clock,
    k.token_key,
    dense_rank() over (order by k.token_key)::integer - 1 as token,
    f.sender,
    f.receiver,
    f.amount,
    f.amount_usd,
    case when f.sender = $address_id then 0 else coalesce(s.number, -1) end as from_group,
    case when f.receiver = $address_id then 0 else coalesce(r.number, -1) end as to_group
from found as f
inner join intermediate.int_tokens__canonical as k using (token_id)
left join parties as s on f.sender = s.address_id and holds_at(s.valid_from, s.valid_to, f.block_timestamp)
left join parties as r on f.receiver = r.address_id and holds_at(r.valid_from, r.valid_to, f.block_timestamp)
order by f.block_timestamp, f.load_id, f.source_row
