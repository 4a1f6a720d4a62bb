-- Gives: one row per pair of groups and token, over all days
-- Reads: detection.group_flow_summaries
select *
from detection.group_flow_summaries
order by flow_count desc, total_amount desc, source_group, destination_group
