-- Gives: fills raw.rejects: one row per candidate that may not load, with its reason in words and its text
-- Reads: the rows of the file, the temp view bad_rows
-- Takes: $load_id, $path, $max_text, ${rows} (the relation)
insert into raw.rejects
select
    $load_id,
    $path,
    b.source_row,
    b.reason,
    b.message,
    left(to_json(r)::varchar, $max_text)
from (
    select
        source_row,
        reason,
        case reason
            when 'missing_column_value' then 'time, sender, receiver or amount is empty'
            when 'bad_timestamp'
                then 'time outside the believable range or unreadable: ' || coalesce(block_timestamp::varchar, '?')
            when 'bad_address' then 'sender ' || from_address || ', receiver ' || to_address || ' on ' || chain
            when 'unknown_decimals'
                then
                    'no decimals known for '
                    || coalesce(token_address, token_symbol, '?')
                    || ' on '
                    || chain
                    || '; give a token file'
            when 'failed_transaction' then 'the transaction failed'
            when 'removed_log' then 'the log was removed: its block is no longer part of the chain'
            when 'approval' then 'an approval moves nothing'
            when 'nft' then 'an NFT, not an amount of a token'
            when 'not_a_transfer' then 'a row of this kind moves nothing'
            when 'inputs_without_values'
                then
                    'the inputs have no values: enrich the export (bitcoin-etl enrich_transactions) '
                    || 'or use getblock with verbosity 3'
            else 'the amount is not usable'
        end as message
    from bad_rows
) as b
inner join (select * from ${rows}) as r using (source_row)
