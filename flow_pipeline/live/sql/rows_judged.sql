-- Gives: one row per row of a stream that is a transfer, or would be one but for its reason, in their order
-- Reads: the temp view candidate_rows
-- Takes: ${pattern} (of the chain's addresses)
select
    source_row,
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
    coalesce(
        reason,
        case
            when
                not (regexp_full_match(from_address, ${pattern}) and regexp_full_match(to_address, ${pattern}))
                then 'bad_address'
        end
    ) as reason
from candidate_rows
where is_transfer or reason is not null
order by source_row
