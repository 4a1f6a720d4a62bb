-- Gives: the temp table hit_transfers: one row per transfer of a finding, with all it says and its position in time.
-- Reads: store.addresses, intermediate.int_tokens__canonical, store.prices
-- Takes: the relations transfers_of_findings, transfer_contents
create or replace temp table hit_transfers as
with ends as materialized (
    select
        address_id,
        address
    from store.addresses
    where address_id in (select unnest([from_id, to_id]) from transfers_of_findings)
)

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
    a.address as from_address,
    b.address as to_address,
    f.source_file,
    f.source_row,
    usd_of(c.amount, p.usd, f.amount_usd, k.spoof_suspected) as amount_usd,
    md5_number_lower(
        transfer_identity(c.tx_hash, c.transfer_index, a.address, b.address, c.amount, f.sha256, f.source_row)
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
                a.address,
                b.address,
                f.sha256,
                f.source_row
        )
        as position
from transfers_of_findings as f
inner join transfer_contents as c using (row)
inner join ends as a on a.address_id = f.from_id
inner join ends as b on b.address_id = f.to_id
inner join intermediate.int_tokens__canonical as k using (token_id)
left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
