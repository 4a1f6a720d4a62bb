-- Gives: the temp table new_transactions: one row per transaction of the file that is not stored yet; the names of what
--   only raw.transactions holds begin with x_
-- Reads: raw.transactions, the rows of the file, the temp views candidate_rows and bad_rows
-- Takes: ${rows} (the relation), ${columns} (the source's expressions)
create or replace temp table new_transactions as
select
    c.*,
    x.* exclude (x_row)
from candidate_rows as c
inner join
    (
        select
            source_row as x_row,
            ${columns}
        from ${rows}
    ) as x
    on x.x_row = c.source_row
where
    c.source_row not in (select source_row from bad_rows)
    and not exists (
        select 1
        from raw.transactions as k
        where k.chain = c.chain and k.tx_hash = c.tx_hash
    )
qualify row_number() over (partition by c.chain, c.tx_hash order by c.source_row) = 1
