-- Gives: one row per edge of the graph among some transfers
-- Reads: store.transfers, store.prices
-- Takes: ${which}, the condition on those transfers, and what it takes; ${columns}; the relation graph_tokens
with edges as (
    select
        k.position as token,
        f.from_id as sender,
        f.to_id as receiver,
        epoch_us(f.block_timestamp) as time,
        coalesce(f.block_number, -1) as block,
        coalesce(f.transaction_index, -1) as place,
        coalesce(f.transfer_index, -1) as transfer_index,
        f.amount,
        f.rowid as row,
        usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected)::double as amount_usd
    from store.transfers as f
    inner join graph_tokens as k on k.token_id = f.token_id
    left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
    where f.is_edge and ${which}
)

select ${columns} from edges
