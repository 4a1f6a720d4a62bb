-- Gives: one row per pair of groups, chain and token: flows that ended on a report's days, the most first
-- Reads: detection.group_flows
-- Takes: $first_day, $last_day
select
    source_group,
    destination_group,
    coalesce(token_symbol, token_address) as token,
    chain,
    sum(amount) as amount,
    count(*) as flows,
    avg(hop_count) as average_hops,
    avg(confidence) as average_confidence
from detection.group_flows
where block_date between $first_day and $last_day
group by source_group, destination_group, chain, token_symbol, token_address
order by flows desc, amount desc, source_group, destination_group, token, chain
