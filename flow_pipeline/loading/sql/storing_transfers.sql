-- Gives: fills the table that takes in transfers: one row per good transfer of the file that is to be kept
-- Reads: store.tokens, the temp view good_transfers, the temp tables address_keys, duplicate_rows
-- Takes: $load_id, ${transfers} (that table), ${from_key} and ${to_key} (the keys of sender and receiver), ${is_kept}
insert into ${transfers}
select
    $load_id,
    c.source_row,
    c.block_number,
    c.block_timestamp,
    c.block_timestamp::date,
    c.transaction_index,
    c.tx_hash,
    c.transfer_index,
    t.token_id,
    s.address_id as from_id,
    r.address_id as to_id,
    c.amount,
    c.amount_usd,
    s.address_id <> r.address_id and coalesce(c.amount > 0, false)
from good_transfers as c
inner join
    store.tokens as t
    on
        t.chain = c.chain
        and t.token_address is not distinct from c.token_address
        and t.token_symbol is not distinct from c.token_symbol
inner join address_keys as s on s.key = ${from_key}
inner join address_keys as r on r.key = ${to_key}
where ${is_kept}
