-- Gives: one row per pair of groups and token whose flows another definition changed
-- Reads: ops.flow_restatements
select
    restated_at,
    source_group,
    destination_group,
    chain,
    token_symbol,
    token_address,
    flows_before,
    flows_after,
    amount_before,
    amount_after
from ops.flow_restatements
order by restated_at desc, amount_before desc, source_group, destination_group, chain, token_symbol, token_address
