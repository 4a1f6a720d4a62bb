-- Gives: the temp table duplicate_transfers: one row per suspect that another one stands for: those of a block that is
--   not the last of their transaction (after a reorganisation the later block stands), then of the same content all but
--   the first of one index, then of those without an index all but the first. The order depends on content first, so
--   that the order of loading decides only between equals; stored rows come before new ones.
-- Reads: the temp table suspects
create or replace temp table duplicate_transfers as
with by_block as (
    select
        *,
        coalesce(block_number < max(block_number) over (partition by chain, tx_hash), false) as is_superseded
    from suspects
),

by_index as (
    select
        *,
        transfer_index is not null
        and row_number() over (
            partition by chain, tx_hash, transfer_index, from_address, to_address, token, amount
            order by
                transaction_index nulls last,
                block_number nulls last,
                block_timestamp,
                token_symbol nulls last,
                amount_usd nulls last,
                load_id = 0,
                load_id,
                source_row
        ) > 1 as is_duplicate
    from by_block
    where not is_superseded
),

by_content as (
    select
        load_id,
        source_row,
        block_timestamp,
        transfer_index is null
        and row_number() over (
            partition by chain, tx_hash, from_address, to_address, token, amount
            order by
                transfer_index nulls last,
                transaction_index nulls last,
                block_number nulls last,
                block_timestamp,
                token_symbol nulls last,
                amount_usd nulls last,
                load_id = 0,
                load_id,
                source_row
        ) > 1 as is_duplicate
    from by_index
    where not is_duplicate
)

select
    load_id,
    source_row,
    block_timestamp
from by_block
where is_superseded
union all
select
    load_id,
    source_row,
    block_timestamp
from by_index
where is_duplicate
union all
select
    load_id,
    source_row,
    block_timestamp
from by_content
where is_duplicate
