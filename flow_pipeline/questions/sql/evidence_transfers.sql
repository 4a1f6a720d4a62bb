-- Gives: one row per transfer of a finding in its order, with US dollars, and the file it came in by name and SHA-256
-- Reads: detection.finding_transfers, marts.fct_transfers, raw.loads
-- Takes: $finding_id
with listed as (
    select * from detection.finding_transfers
    where finding_id = $finding_id
),

valued as (
    select
        l.source_file,
        l.sha256,
        t.source_row,
        t.from_address,
        t.to_address,
        t.amount,
        t.amount_usd
    from marts.fct_transfers as t
    inner join raw.loads as l using (load_id)
    where
        t.block_timestamp >= (select min(block_timestamp) from listed)
        and t.block_timestamp <= (select max(block_timestamp) from listed)
        and (l.source_file, t.source_row) in (select (source_file, source_row) from listed)
)

select
    f.ordinal,
    f.part,
    f.chain,
    f.block_timestamp,
    f.block_number,
    f.transaction_index,
    f.tx_hash,
    f.transfer_index,
    f.from_address,
    f.to_address,
    f.token_symbol,
    f.token_address,
    f.amount,
    any_value(v.amount_usd) as amount_usd,
    parse_filename(f.source_file) as source_file,
    any_value(v.sha256) as source_sha256,
    f.source_row
from listed as f
left join valued as v
    on
        v.source_file = f.source_file
        and v.source_row = f.source_row
        and v.from_address = f.from_address
        and v.to_address = f.to_address
        and v.amount is not distinct from f.amount
group by all
order by f.ordinal
