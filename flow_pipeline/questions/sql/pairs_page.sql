-- Gives: transfers of an address, a page of them
-- Reads: the transfers by address
-- Takes: ${ends}, a relation like intermediate.int_transfers__ends; $sign, 1 for the earliest first and -1 for the
--   latest; $chain, $address_id; $other_id, $is_out, $is_counted, $first and $last day and $token_ids, each null for
--   all; $after_at, $after_load and $after_row of the transfer before the page, null for the first page; $most
with own as materialized (
    select
        block_timestamp,
        load_id,
        source_row,
        other_id,
        is_out,
        is_counted,
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
)

select * exclude (place)
from own
where
    $after_at::timestamp is null
    or place > row($sign * epoch_us($after_at::timestamp), $sign * $after_load::integer, $sign * $after_row::bigint)
order by place
limit $most
