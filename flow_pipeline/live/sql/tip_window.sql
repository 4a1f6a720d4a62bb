-- Gives: the transfers of a source since a moment, in order of arrival; `part` numbers the batches they came in
-- Reads: live.rows
-- Takes: $source, $since
select
    chain,
    block_number,
    block_timestamp,
    transaction_index,
    tx_hash,
    transfer_index,
    token_address,
    token_symbol,
    from_address,
    to_address,
    amount,
    amount_usd,
    block_hash,
    partition,
    count(*) filter (where is_first) over (order by seq) as part
from (
    select
        *,
        coalesce(
            (block_hash, partition) is distinct from lag((block_hash, partition)) over (order by seq)
            or (block_hash is null and seq % 1000 = 0),
            true
        ) as is_first
    from live.rows
    where source = $source and block_timestamp >= $since
) as marked
order by seq
