-- Gives: one more row of the temp table path_transfers per transfer that may have become one of the frontier.
-- Reads: store.transfers
-- Takes: $step, $gap in microseconds; $first and $last, between which they lie; the relations graph_tokens, frontier,
--   path_transfers
insert into path_transfers
with candidates as (
    select
        rowid as row,
        *
    from store.transfers
    where
        block_timestamp >= $first
        and block_timestamp <= $last
        and is_edge
        and to_id in (select from_id from frontier)
),

origins as (
    select distinct
        f.row,
        k.position,
        f.from_id,
        f.to_id,
        f.block_timestamp,
        f.amount
    from candidates as f
    inner join graph_tokens as k using (token_id)
    inner join frontier as b
        on
            b.position = k.position
            and f.to_id = b.from_id
            and f.block_timestamp <= b.block_timestamp
            and f.block_timestamp >= b.block_timestamp - to_microseconds($gap::bigint)
            and f.amount between b.least and b.most
)

select
    o.*,
    $step
from origins as o anti join path_transfers using (row)
