-- Gives: one row of store.degrees per token and address: its transfers so far.
-- Reads: store.degrees
-- Takes: the relation new_degrees
merge into store.degrees as d using new_degrees as n on n.token_id = d.token_id and n.address_id = d.address_id
when matched then update set transfers = d.transfers + n.transfers
when not matched then insert (token_id, address_id, transfers) values (n.token_id, n.address_id, n.transfers)
