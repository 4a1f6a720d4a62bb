-- Gives: one row per risk level of the source and of the destination, the highest risk first
-- Reads: detection.group_flow_summaries, detection.groups
select
    s.risk_level as source_risk,
    d.risk_level as destination_risk,
    count(*) as pairs,
    sum(f.flow_count)::bigint as flows,
    sum(f.average_confidence * f.flow_count) / sum(f.flow_count) as average_confidence,
    sum(f.average_hops * f.flow_count)::double / sum(f.flow_count) as average_hops,
    max(f.risk_score) as highest_risk
from detection.group_flow_summaries as f
inner join detection.groups as s on s.group_id = f.source_group
inner join detection.groups as d on d.group_id = f.destination_group
group by all
order by highest_risk desc, flows desc
