-- Gives: the rows of live.transfers
-- Reads: live.rows, live.sources
select
    r.chain,
    r.block_number,
    r.block_timestamp,
    r.transaction_index,
    r.tx_hash,
    r.transfer_index,
    r.token_address,
    r.token_symbol,
    r.from_address,
    r.to_address,
    r.amount,
    r.amount_usd,
    r.source as source_file,
    r.seq as source_row,
    null::integer as load_id,
    r.block_date,
    r.block_hash,
    case
        when not s.has_blocks or r.block_number <= s.final then 'final'
        when r.block_number <= s.safe then 'safe'
        else 'seen'
    end as finality
from live.rows as r
inner join live.sources as s using (source)
