-- Gives: the temp table own_rate_sides: one row per finding about one side of an address, with its time and size.
-- Reads: nothing stored
-- Takes: $own_rate_days; the relations hits, hit_transfers, typology_rules
create or replace temp table own_rate_sides as
select
    h.typology,
    h.finding,
    any_value(h.focus_id) as address_id,
    any_value(t.token_key) as token_key,
    any_value(r.own_rate) as own_rate,
    min(t.block_timestamp) as first_at,
    min(t.block_timestamp) - to_microseconds(($own_rate_days * 86400000000)::bigint) as since,
    count(*) as transfers,
    greatest((epoch_us(max(t.block_timestamp)) - epoch_us(min(t.block_timestamp))) / 86400000000, 1) as days
from hits as h
inner join typology_rules as r using (typology)
inner join hit_transfers as t using (position)
where r.own_rate is not null
group by h.typology, h.finding
