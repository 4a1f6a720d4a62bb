-- Gives: the transfers of a page, in its order, with what stands of each in the store
-- Reads: store.transfers, the names of tokens
-- Takes: ${tokens}, a relation like intermediate.int_tokens__canonical; $address_id, whose they are; $store_rows, where
--   they lie; the columns of the page: $other_ids, $are_out, $are_counted, $usd
with page as (
    select
        unnest($store_rows::bigint[]) as store_row,
        unnest($other_ids::integer[]) as other_id,
        unnest($are_out::boolean[]) as is_out,
        unnest($are_counted::boolean[]) as is_counted,
        unnest($usd::decimal(38, 6)[]) as amount_usd,
        unnest(range(len($store_rows::bigint[]))) as place
)

select
    f.block_timestamp,
    f.block_number,
    f.transaction_index,
    f.tx_hash,
    f.transfer_index,
    case when p.other_id = $address_id then 'self' when p.is_out then 'out' else 'in' end as way,
    p.other_id,
    k.token_symbol,
    k.token_address,
    k.spoof_suspected,
    f.amount,
    p.amount_usd,
    p.is_counted,
    f.load_id,
    f.source_row
from page as p
inner join store.transfers as f on p.store_row = f.rowid
inner join ${tokens} as k on f.token_id = k.token_id
order by p.place
