-- Gives: the temp table earlier_transfers: one row per transfer of the addresses.
-- Reads: store.transfers
-- Takes: the relations graph_tokens, addresses_read
create or replace temp table earlier_transfers as
select
    f.rowid as row,
    f.block_date
from store.transfers as f inner join graph_tokens as k using (token_id)
inner join addresses_read as a on a.position = k.position and a.address_id = f.from_id
union
select
    f.rowid,
    f.block_date
from store.transfers as f inner join graph_tokens as k using (token_id)
inner join addresses_read as a on a.position = k.position and a.address_id = f.to_id
