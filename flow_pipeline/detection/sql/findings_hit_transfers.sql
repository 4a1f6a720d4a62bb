-- Gives: the temp table hit_transfers: one row per transfer of a finding, with all it says and its position in time.
-- Reads: intermediate.int_tokens__canonical, store.prices
-- Takes: the relations transfers_of_findings, transfer_contents
create or replace temp table hit_transfers as
select
    f.row,
    f.from_is_terminal,
    f.to_is_terminal,
    k.chain,
    k.token_key,
    k.token_symbol,
    k.token_address,
    f.block_timestamp,
    c.block_number,
    c.transaction_index,
    c.transfer_index,
    c.tx_hash,
    c.amount,
    f.from_id,
    f.to_id,
    c.from_address,
    c.to_address,
    f.source_file,
    f.source_row,
    usd_of(c.amount, p.usd, f.amount_usd, k.spoof_suspected) as amount_usd,
    md5_number_lower(
        transfer_identity(c.tx_hash, c.transfer_index, c.from_address, c.to_address, c.amount, f.sha256, f.source_row)
    ) as key,
    row_number()
        over (
            order by
                f.block_timestamp,
                c.block_number nulls first,
                c.transaction_index nulls first,
                c.transfer_index nulls first,
                c.amount,
                c.tx_hash,
                c.from_address,
                c.to_address,
                f.sha256,
                f.source_row
        )
        as position
from transfers_of_findings as f
inner join transfer_contents as c using (row)
inner join intermediate.int_tokens__canonical as k using (token_id)
left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
