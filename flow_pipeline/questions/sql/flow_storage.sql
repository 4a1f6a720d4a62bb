-- Gives: one row: what the tracker holds, what it pruned and dropped, and pairs that have no summary
-- Reads: detection.groups, detection.group_members, detection.group_flows, detection.active_flows,
--   detection.group_flow_summaries, ops.flow_days, store.flow_states
with pairs as (
    select distinct
        source_group,
        destination_group,
        chain,
        token_symbol,
        token_address
    from detection.group_flows
)

select
    (select count(*) from detection.groups) as groups,
    (select count(*) from detection.group_members) as members,
    (select count(*) from detection.group_flows) as completed_flows,
    (select count(*) from detection.active_flows) as active_flows,
    (select count(*) from detection.group_flow_summaries) as summaries,
    (select count(*) from pairs) - (select count(*) from detection.group_flow_summaries) as summaries_left_out,
    (select coalesce(sum(pruned), 0)::bigint from ops.flow_days) as pruned,
    (select coalesce(sum(dropped), 0)::bigint from ops.flow_days) as dropped,
    (select count(*) from store.flow_states) as state_rows,
    (select count(distinct block_date) from store.flow_states) as state_days
