-- Gives: how many transfers of the days that changed are missing in store.address_transfers or too many, or 1 when
--   they differ
-- Reads: store.transfers, store.address_transfers, store.state
with expected_marks as (
    select
        from_id <> to_id as has_two_ends,
        hash(load_id, source_row, from_id, to_id) as mark
    from store.transfers
    where
        block_date >= date '{first_changed_day}'
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
    where block_timestamp >= date '{first_changed_day}'
),

expected_sums as (
    select
        count(*) + count(*) filter (where has_two_ends) as transfers,
        sum(mark) as sent,
        sum(mark) filter (where has_two_ends) as received
    from expected_marks
),

found_sums as (
    select
        count(*) as transfers,
        sum(mark) filter (where is_out) as sent,
        sum(mark) filter (where not is_out) as received
    from found_marks
)

select
    greatest(
        abs(e.transfers - f.transfers),
        (e.sent is distinct from f.sent)::integer,
        (e.received is distinct from f.received)::integer
    ) as wrong
from expected_sums as e cross join found_sums as f
