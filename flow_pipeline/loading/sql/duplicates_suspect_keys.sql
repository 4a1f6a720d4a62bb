-- Gives: the temp table suspect_keys: one row per hash of a transaction of the file in which transfers may be told
--   twice, or which has two blocks. Most transactions have one transfer, and only the others are looked at twice.
-- Reads: the temp view candidate_rows
create or replace temp table suspect_keys as
with several as (
    select
        hash(tx_hash) as key,
        coalesce(min(block_number) <> max(block_number), false) as has_two_blocks
    from candidate_rows
    where is_transfer and tx_hash is not null
    group by hash(tx_hash)
    having count(*) > 1
),

per_index as (
    select
        hash(tx_hash) as key,
        transfer_index
    from candidate_rows
    where is_transfer and tx_hash is not null and hash(tx_hash) in (select key from several)
    group by hash(tx_hash), transfer_index
    having count(*) > 1 or transfer_index is null
)

select key
from several
where has_two_blocks
union distinct
select key
from per_index
