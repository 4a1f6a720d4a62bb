-- Gives: how many transfers are missing in store.address_transfers or too many, or 1 when those of the days that
--   changed differ
-- Reads: store.transfers, store.address_transfers, store.dirty_days, store.state
with expected as (
    select count(*) + count(*) filter (where from_id <> to_id) as transfers
    from store.transfers
    where exists (
        select 1 from store.state as s
        where s.key = 'read_tables_through' and s.value <> ''
    )
),

expected_marks as (
    select
        from_id <> to_id as has_two_ends,
        hash(load_id, source_row, from_id, to_id) as mark
    from store.transfers
    where
        block_date in (select block_date from store.dirty_days)
        and exists (
            select 1 from store.state as s
            where s.key = 'read_tables_through' and s.value <> ''
        )
),

found_marks as (
    select
        is_out,
        hash(
            load_id,
            source_row,
            case when is_out then address_id else other_id end,
            case when is_out then other_id else address_id end
        ) as mark
    from store.address_transfers
    where
        block_timestamp >= date '{first_changed_day}'
        and block_timestamp::date in (select block_date from store.dirty_days)
),

expected_sums as (
    select
        sum(mark) as sent,
        sum(mark) filter (where has_two_ends) as received
    from expected_marks
),

found_sums as (
    select
        sum(mark) filter (where is_out) as sent,
        sum(mark) filter (where not is_out) as received
    from found_marks
)

select
    greatest(
        abs(e.transfers - (select count(*) from store.address_transfers)),
        (es.sent is distinct from fs.sent)::integer,
        (es.received is distinct from fs.received)::integer
    ) as wrong
from expected as e cross join expected_sums as es cross join found_sums as fs
