-- Gives: fills raw.rejects: one row per candidate that may not load, with its reason in words and its text
-- Reads: the rows of the file, the temp view bad_rows
-- Takes: $load_id, $path, $max_text, ${rows} (the relation), ${time_text} (what a time is read from)
insert into raw.rejects
select
    $load_id,
    $path,
    b.source_row,
    b.reason,
    flow_harmless(case when b.has_no_time then b.message || coalesce(left(t.time_text, 60), '?') else b.message end),
    flow_harmless(left(to_json(r)::varchar, $max_text))
from (
    select
        source_row,
        reason,
        case reason
            when 'missing_column_value' then 'time, sender, receiver or amount is empty'
            when 'bad_timestamp'
                then
                    case
                        when block_timestamp is null then 'the time can not be read: '
                        else 'time outside the believable range: ' || block_timestamp::varchar
                    end
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
        end as message,
        reason = 'bad_timestamp' and block_timestamp is null as has_no_time
    from bad_rows
) as b
inner join (select * from ${rows}) as r using (source_row)
left join
    (
        select
            source_row,
            (${time_text})::varchar as time_text
        from ${rows}
    ) as t
    on t.source_row = case when b.has_no_time then b.source_row end
