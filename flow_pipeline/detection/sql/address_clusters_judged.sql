-- Gives: the temp table judged_addresses: one row per address with receipts whose time new days end, or that now paid
--   somebody else
-- Reads: store.transfers, intermediate.int_tokens__canonical, store.payers
-- Takes: $judged_until, $day, $deposit_seconds
create or replace temp table judged_addresses as
select
    k.chain,
    f.to_id as id
from store.transfers as f inner join intermediate.int_tokens__canonical as k using (token_id)
where
    f.block_timestamp > $judged_until::timestamp - to_seconds($deposit_seconds)
    and f.block_timestamp <= (select max(block_timestamp) from store.transfers) - to_seconds($deposit_seconds)
union distinct
select
    chain,
    address_id
from store.payers
where other_at >= $day
