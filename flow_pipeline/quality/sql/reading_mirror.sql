-- Gives: 1 when what addresses sent to others on the days that changed is not what others received from them, else 0
-- Reads: store.address_transfers
with marks as (
    select
        is_out,
        hash(load_id, source_row, block_timestamp, token_id, is_counted, amount, amount_usd) as mark
    from store.address_transfers
    where
        address_id <> other_id and block_timestamp >= date '{first_changed_day}'
)

select
    (coalesce(sum(mark) filter (where is_out), 0) <> coalesce(sum(mark) filter (where not is_out), 0))::integer
        as differing
from marks
