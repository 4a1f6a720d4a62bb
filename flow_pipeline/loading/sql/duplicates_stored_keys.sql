-- Gives: adds to suspect_keys the hashes of transactions of which the file and the store have an index both, one of
--   them has a transfer without one, or which have two blocks
-- Reads: store.transfers, the temp view candidate_rows
insert into suspect_keys
with of_file as (
    select
        hash(tx_hash) as key,
        transfer_index,
        block_number
    from candidate_rows
    where is_transfer and tx_hash is not null
),

of_store as (
    select
        hash(tx_hash) as key,
        transfer_index,
        block_number
    from store.transfers
    where tx_hash is not null and hash(tx_hash) in (select key from of_file)
),

of_both as (
    select
        key,
        transfer_index,
        block_number,
        true as is_stored
    from of_store
    union all
    select
        key,
        transfer_index,
        block_number,
        false as is_stored
    from of_file
    where key in (select key from of_store)
)

select key
from (
    select
        key,
        transfer_index,
        bool_or(is_stored) and not bool_and(is_stored) as is_in_both
    from of_both
    group by key, transfer_index
)
where is_in_both or transfer_index is null
union distinct
select key
from of_both
group by key
having min(block_number) <> max(block_number)
