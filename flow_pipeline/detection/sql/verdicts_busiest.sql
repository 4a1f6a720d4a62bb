-- Gives: one row of store.busiest per chain, day and address that touches more than half of the day's transfers.
-- Reads: nothing stored
-- Takes: the relations busy, graph_tokens
insert into store.busiest
select
    c.chain,
    date '1970-01-01' + b.day::integer as block_date,
    b.address_id
from busy as b inner join (
    select distinct
        chain,
        chain_number
    from graph_tokens
) as c using (chain_number)
