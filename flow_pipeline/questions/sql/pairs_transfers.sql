-- Gives: transfers of an address, a page of them, with what stands of each in the store
-- Reads: the transfers by address, store.transfers, the names of tokens
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; ${tokens}, one like
--   intermediate.int_tokens__canonical; $sign, 1 for the earliest first and -1 for the latest; $chain, $address_id;
--   $other_id, $is_out, $is_counted, $first and $last day and $token_ids, each null for all; $after_at, $after_load and
--   $after_row of the transfer before the page, null for the first page; $most
with own as materialized (
    select
        block_timestamp,
        load_id,
        source_row,
        other_id,
        is_out,
        is_counted,
        token_id,
        amount_usd,
        row($sign * epoch_us(block_timestamp), $sign * load_id, $sign * source_row) as place
    from ${ends}
    where
        address_id = $address_id
        and chain = $chain
        and ($other_id::integer is null or other_id = $other_id::integer)
        and ($is_out::boolean is null or is_out = $is_out::boolean)
        and ($is_counted::boolean is null or is_counted = $is_counted::boolean)
        and ($token_ids::integer[] is null or list_contains($token_ids::integer[], token_id))
        and ($first::date is null or block_timestamp >= $first::date)
        and ($last::date is null or block_timestamp < $last::date + 1)
),

page as materialized (
    select *
    from own
    where
        $after_at::timestamp is null
        or place > row(
            $sign * epoch_us($after_at::timestamp), $sign * $after_load::integer, $sign * $after_row::bigint
        )
    order by place
    limit $most
)

select
    p.block_timestamp,
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
    p.load_id,
    p.source_row
from page as p
inner join store.transfers as f
    on p.block_timestamp = f.block_timestamp and p.load_id = f.load_id and p.source_row = f.source_row
inner join ${tokens} as k on p.token_id = k.token_id
order by p.place
