-- Gives: one row per flow and transfer of its path in detection.group_flow_transfers
-- Reads: nothing
-- Takes: the relations flow_hops, arrived_flows
insert into detection.group_flow_transfers by name
select
    d.flow_id,
    h.hop,
    d.chain,
    h.block_timestamp,
    h.tx_hash,
    h.transfer_index,
    h.from_address,
    h.to_address,
    h.amount
from flow_hops as h inner join arrived_flows as d using (n)
