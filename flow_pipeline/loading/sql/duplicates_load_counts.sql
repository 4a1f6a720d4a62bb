-- Gives: corrects raw.loads: one row per load that lost stored transfers; a row that also is a transaction stays loaded
-- Reads: raw.transactions, the temp table duplicate_transfers
update raw.loads
set
    transfers_loaded = transfers_loaded - c.transfers,
    rows_loaded = rows_loaded - c.row_count,
    rows_duplicate = rows_duplicate + c.row_count
from (
    select
        load_id,
        count(*) as transfers,
        count(*) filter (where not in_transactions) as row_count
    from (
        select
            d.load_id,
            exists(
                select 1 from raw.transactions as t
                where t.load_id = d.load_id
            ) as in_transactions
        from duplicate_transfers as d
    )
    group by all
) as c
where raw.loads.load_id = c.load_id
