-- Gives: the temp view typed_rows: one row per row of the file, with typed values and the reason why it may not load
-- Reads: the rows of the file
-- Takes: ${rows} (the relation); ${earliest} and ${latest} (bounds of believable times); the source's expressions
--   ${source_chain}, ${source_block_number}, ${source_block_timestamp}, ${source_tx_hash}, ${source_transfer_index},
--   ${source_token_address}, ${source_token_symbol}, ${source_from_text}, ${source_to_text}, ${source_amount},
--   ${source_amount_usd}, ${source_is_report}, ${source_is_transfer}, ${source_is_missing}, ${source_reason},
--   ${source_amount_reason}, ${source_transaction_index}
create or replace temp view typed_rows as
select
    * exclude (is_missing, own_reason, amount_reason),
    case
        when is_report then null
        when own_reason in ('approval', 'nft', 'not_a_transfer', 'removed_log', 'inputs_without_values')
            then own_reason
        when is_missing then 'missing_column_value'
        when block_timestamp is null or block_timestamp < ${earliest} or block_timestamp >= ${latest}
            then 'bad_timestamp'
        else coalesce(own_reason, amount_reason)
    end as reason
from (
    select
        source_row,
        ${source_chain} as chain,
        (${source_block_number})::bigint as block_number,
        ${source_block_timestamp} as block_timestamp,
        (${source_transaction_index})::bigint as transaction_index,
        (${source_tx_hash})::varchar as tx_hash,
        (${source_transfer_index})::bigint as transfer_index,
        (${source_token_address})::varchar as token_address,
        (${source_token_symbol})::varchar as token_symbol,
        (${source_from_text})::varchar as from_text,
        (${source_to_text})::varchar as to_text,
        ${source_amount} as amount,
        (${source_amount_usd})::decimal(38, 6) as amount_usd,
        ${source_is_report} as is_report,
        coalesce(${source_is_transfer}, false) and not ${source_is_report} as is_transfer,
        ${source_is_missing} as is_missing,
        (${source_reason})::varchar as own_reason,
        ${source_amount_reason} as amount_reason
    from ${rows}
)
