-- Gives: the temp table first_told: one row per transfer of a part of a file that no row before it has told, as loading
--   tells transfers apart that have no block; without a hash of its transaction each is one of its own
-- Reads: the relation judged_rows, streams.seen
create or replace temp table first_told as
select *
from (
    select
        *,
        case
            when tx_hash is not null
                then
                    md5_number(
                        [
                            tx_hash,
                            transfer_index::varchar,
                            from_address,
                            to_address,
                            coalesce(token_address, token_symbol),
                            amount::varchar
                        ]::varchar
                    )
        end as key
    from judged_rows
    where reason is null
)
where key is null or key not in (select key from streams.seen)
qualify key is null or row_number() over (partition by key order by source_row) = 1
