-- Gives: one row per transfer of a stretch of days, with the numbers of its token and of the groups of its ends (-1 for
--   none), its clock (seconds, blocks on Bitcoin), and its place in its file as load_id * 2^40 + source_row
-- Reads: store.transfers
-- Takes: $first, $last, $seconds_of_a_block; the relations flow_tokens, flow_members
select
    (f.block_date - date '1970-01-01')::bigint as day,
    epoch_us(f.block_timestamp) as time,
    coalesce(f.block_number, -1) as block,
    coalesce(f.transaction_index, -1) as place,
    coalesce(f.transfer_index, -1) as transfer_index,
    case
        when
            k.is_bitcoin
            then coalesce(f.block_number, epoch(f.block_timestamp)::bigint // $seconds_of_a_block::integer)
        else epoch(f.block_timestamp)::bigint
    end as clock,
    k.number as token,
    f.from_id as sender,
    f.to_id as receiver,
    f.amount,
    coalesce(s.number, -1) as from_group,
    coalesce(r.number, -1) as to_group,
    f.load_id::bigint * 1099511627776 + f.source_row as ref,
    f.rowid as row
from store.transfers as f
inner join flow_tokens as k using (token_id)
left join
    flow_members as s
    on s.address_id = f.from_id and s.chain = k.chain and holds_at(s.valid_from, s.valid_to, f.block_timestamp)
left join
    flow_members as r
    on r.address_id = f.to_id and r.chain = k.chain and holds_at(r.valid_from, r.valid_to, f.block_timestamp)
where f.block_date between $first and $last and f.is_edge
