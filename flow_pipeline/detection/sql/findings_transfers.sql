-- Gives: the temp table transfers_of_findings: one row per transfer of a finding, with what the store says about it.
-- Reads: store.transfers, raw.loads
-- Takes: $since, the time of the first one; $until, before which they lie; the relation transfers_read
create or replace temp table transfers_of_findings as
select
    r.* exclude (time),
    f.block_timestamp,
    f.block_date,
    f.token_id,
    f.from_id,
    f.to_id,
    f.amount_usd,
    l.source_file,
    f.source_row,
    l.sha256
from (select distinct * from transfers_read) as r
inner join
    store.transfers as f
    on f.rowid = r.row and f.block_timestamp >= make_timestamp($since) and f.block_timestamp < $until
inner join raw.loads as l on l.load_id = f.load_id
