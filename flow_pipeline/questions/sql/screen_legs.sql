-- Gives: one row per leg of a path and token: how much went, whole units and the rest apart, so that no sum overflows
-- Reads: store.transfers, intermediate.int_tokens__canonical
-- Takes: $tokens to look at, none for all; $shown, hashes to show, the earliest; the relation legs (from_id, to_id)
select
    f.from_id,
    f.to_id,
    k.chain,
    k.token_symbol,
    k.token_address,
    count(*) as transfers,
    sum(trunc(f.amount)::hugeint)::varchar as whole,
    sum(f.amount - trunc(f.amount))::varchar as rest,
    min(f.block_timestamp) as first_at,
    max(f.block_timestamp) as last_at,
    list_slice(
        list(
            f.tx_hash
            order by f.block_timestamp, f.block_number, f.transaction_index, f.transfer_index, f.amount, f.tx_hash
        ),
        1,
        $shown
    ) as tx_hashes
from store.transfers as f
inner join legs using (from_id, to_id)
inner join intermediate.int_tokens__canonical as k using (token_id)
where
    (f.amount is null or f.amount > 0)
    and (len($tokens::integer[]) = 0 or f.token_id in (select unnest($tokens::integer[])))
group by all
order by f.from_id, f.to_id, k.chain, transfers desc, k.token_symbol, k.token_address
