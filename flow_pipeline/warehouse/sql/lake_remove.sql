-- Gives: adds to store.removed_transfers the transfers of the lake that a condition names
-- Reads: store.transfers, store.fresh_transfers
-- Takes: ${condition} on the columns of store.transfers, with what it binds
insert into store.removed_transfers
select
    f.load_id,
    f.source_row
from (
    select *
    from store.transfers
    where ${condition}
) as f
where not exists (
    select 1 from store.fresh_transfers as n
    where n.load_id = f.load_id and n.source_row = f.source_row
)
