-- Gives: the number of loads that do not have as many rows in a table as the ledger says
-- Reads: ${table}, raw.loads
-- Takes: ${table} (with load_id), ${counter} (the column of the ledger that counts its rows)
with loaded as (
    select
        load_id,
        count(*) as row_count
    from ${table}
    group by load_id
)

select count(*)
from raw.loads as l
left join loaded as t using (load_id)
where l.${counter} <> coalesce(t.row_count, 0)
