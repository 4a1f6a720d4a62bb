-- Gives: one row per flow in detection.group_flows
-- Reads: nothing
-- Takes: $attribution; the relation arrived_flows
insert into detection.group_flows by name
select
    flow_id,
    $attribution::varchar as attribution,
    chain,
    token_symbol,
    token_address,
    date '1970-01-01' + day::integer as block_date,
    source_group,
    destination_group,
    units::decimal(38, 18) + parts::decimal(38, 0) * 0.000000000000000001::decimal(18, 18) as amount,
    hop_count,
    confidence,
    started_at,
    completed_at,
    source_address,
    destination_address,
    path
from arrived_flows
