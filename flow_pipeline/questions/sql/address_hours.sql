-- Gives: one row per day of the week, 1 for Monday, and hour, UTC: how many transfers an address sent and got
-- Reads: the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $chain, $address_id
with moved as (
    select
        isodow(block_timestamp) as weekday,
        hour(block_timestamp) as hour,
        count(*) filter (where is_out) as transfers_out,
        count(*) filter (where not is_out) as transfers_in
    from ${ends}
    where address_id = $address_id and chain = $chain and is_counted
    group by all
)

select
    d.weekday::integer as weekday,
    h.hour::integer as hour,
    coalesce(m.transfers_out, 0) as transfers_out,
    coalesce(m.transfers_in, 0) as transfers_in
from range(1, 8) as d (weekday)
cross join range(0, 24) as h (hour)
left join moved as m using (weekday, hour)
order by d.weekday, h.hour
