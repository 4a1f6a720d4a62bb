-- Gives: one row per edge of the graph: every transfer of a stretch of time, and the earlier ones that are asked for.
-- Reads: store.transfers, store.prices
-- Takes: $since, $until; $first, the day of the first earlier one; ${columns}; the relations graph_tokens,
--   earlier_transfers
with transfers as (
    select
        rowid as row,
        *
    from store.transfers
    where block_timestamp >= $since and block_timestamp < $until
    union all
    select
        rowid as row,
        *
    from store.transfers
    where block_date >= $first and rowid in (select row from earlier_transfers)
),

edges as (
    select
        k.position as token,
        f.from_id as sender,
        f.to_id as receiver,
        epoch_us(f.block_timestamp) as time,
        coalesce(f.block_number, -1) as block,
        coalesce(f.transaction_index, -1) as place,
        coalesce(f.transfer_index, -1) as transfer_index,
        f.amount,
        f.row,
        usd_of(f.amount, p.usd, f.amount_usd, k.spoof_suspected)::double as amount_usd
    from transfers as f inner join graph_tokens as k on k.token_id = f.token_id
    left join store.prices as p on p.price_date = f.block_date and p.token = k.price_token
    where f.is_edge
)

select ${columns} from edges
