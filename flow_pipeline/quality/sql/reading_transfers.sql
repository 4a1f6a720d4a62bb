-- Gives: how many transfers are missing in store.address_transfers or too many, or 1 when those of the days that
--   changed differ
-- Reads: store.transfers, store.address_transfers, store.dirty_days, store.state
with expected as (
    select
        count(*) + count(*) filter (where from_id <> to_id) as transfers,
        sum(hash(load_id, source_row, block_timestamp, token_id, from_id, to_id)::hugeint)
        filter (where block_date in (select d.block_date from store.dirty_days as d)) as sent,
        sum(hash(load_id, source_row, block_timestamp, token_id, to_id, from_id)::hugeint)
        filter (where from_id <> to_id and block_date in (select d.block_date from store.dirty_days as d))
            as received
    from store.transfers
    where exists (
        select 1 from store.state as s
        where s.key = 'read_tables_through' and s.value <> ''
    )
),

found as (
    select
        count(*) as transfers,
        sum(hash(load_id, source_row, block_timestamp, token_id, address_id, other_id)::hugeint)
        filter (where is_out and block_timestamp::date in (select d.block_date from store.dirty_days as d)) as sent,
        sum(hash(load_id, source_row, block_timestamp, token_id, address_id, other_id)::hugeint)
        filter (where not is_out and block_timestamp::date in (select d.block_date from store.dirty_days as d))
            as received
    from store.address_transfers
)

select
    greatest(
        abs(e.transfers - f.transfers),
        (e.sent is distinct from f.sent)::integer,
        (e.received is distinct from f.received)::integer
    ) as wrong
from expected as e cross join found as f
