-- Gives: the temp table suspect_keys: one row per hash of a transaction of the file in which transfers may be told
--   twice, or which has two blocks. Most transactions have one transfer; in most others each index sets a bit of its
--   own, which shows in the same pass that none stands twice. Only the rest is looked at again.
-- Reads: the temp view candidate_rows
create or replace temp table suspect_keys as
with several as (
    select
        hash(tx_hash) as key,
        coalesce(min(block_number) <> max(block_number), false) or count(transfer_index) < count(*) as is_suspect,
        coalesce(bit_count(bit_or(1::ubigint << (transfer_index & 63)::ubigint)), 0) < count(*) as shares_bits
    from candidate_rows
    where is_transfer and tx_hash is not null
    group by hash(tx_hash)
    having count(*) > 1 and (is_suspect or shares_bits)
),

in_doubt as (
    select key
    from several
    where not is_suspect
)

select key
from several
where is_suspect
union all
select distinct key
from (
    select hash(tx_hash) as key
    from candidate_rows
    where is_transfer and tx_hash is not null and hash(tx_hash) in (select key from in_doubt)
    group by hash(tx_hash), transfer_index
    having count(*) > 1
)
