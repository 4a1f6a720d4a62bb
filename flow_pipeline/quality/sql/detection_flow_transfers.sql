-- Gives: the number of group flows from the first day that changed on that do not go hop by hop, in order, from their
--   source group to their destination
-- Reads: detection.group_flows, detection.group_flow_transfers
with new_flows as (
    select * from detection.group_flows
    where block_date >= date '{first_changed_day}'
),

hops as (
    select
        flow_id,
        count(*) as hop_count,
        arg_min(from_address, hop) as first_address,
        arg_max(to_address, hop) as last_address,
        min(block_timestamp) as first_timestamp,
        max(block_timestamp) as last_timestamp
    from detection.group_flow_transfers
    where flow_id in (select flow_id from new_flows)
    group by flow_id
)

select count(*)
from new_flows as f
left join hops as h using (flow_id)
where
    h.hop_count is distinct from f.hop_count
    or h.first_address <> f.source_address
    or h.last_address <> f.destination_address
    or h.first_timestamp <> f.started_at
    or h.last_timestamp <> f.completed_at
    or f.source_group = f.destination_group
    or f.completed_at < f.started_at
    or len(f.path) <> f.hop_count + 1
