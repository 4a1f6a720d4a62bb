-- Gives: one row per completed flow, the largest first
-- Reads: detection.group_flows
-- Takes: $token, $least, $most, $first and $last, each null for all
select
    flow_id,
    block_date,
    source_group,
    destination_group,
    token_symbol,
    token_address,
    amount,
    hop_count,
    confidence,
    started_at,
    completed_at,
    source_address,
    destination_address
from detection.group_flows
where
    ($token is null or lower(token_symbol) = lower($token) or lower(token_address) = lower($token))
    and ($least is null or amount >= $least)
    and ($most is null or amount <= $most)
    and ($first is null or block_date >= $first)
    and ($last is null or block_date <= $last)
order by amount desc, flow_id
