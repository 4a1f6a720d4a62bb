-- Gives: one row per flow out of a group: its transfers
-- Reads: detection.group_flows, detection.group_flow_transfers
-- Takes: $source_group
select
    f.flow_id,
    list((t.tx_hash, t.transfer_index)) as transfers
from detection.group_flows as f
inner join detection.group_flow_transfers as t using (flow_id)
where f.source_group = $source_group
group by all
