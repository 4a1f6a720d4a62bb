-- Gives: one row more per pair of groups and token in ops.flow_restatements whose flows are not those of before; none
--   where there were no flows before
-- Reads: detection.group_flows
-- Takes: $now, $before and $version; the relation flows_before
insert into ops.flow_restatements by name
with flows as (
    select
        coalesce(b.source_group, a.source_group) as source_group,
        coalesce(b.destination_group, a.destination_group) as destination_group,
        coalesce(b.chain, a.chain) as chain,
        coalesce(b.token_symbol, a.token_symbol) as token_symbol,
        coalesce(b.token_address, a.token_address) as token_address,
        b.amount as amount_before,
        a.amount as amount_after
    from flows_before as b full join detection.group_flows as a using (flow_id)
    where exists (select 1 from flows_before)
)

select
    $now::timestamp as restated_at,
    $before::varchar as version_before,
    $version::varchar as version,
    source_group,
    destination_group,
    chain,
    token_symbol,
    token_address,
    count(amount_before) as flows_before,
    count(amount_after) as flows_after,
    count(*) filter (where amount_after is null) as gone,
    count(*) filter (where amount_before is null) as new,
    coalesce(sum(amount_before), 0)::decimal(38, 18) as amount_before,
    coalesce(sum(amount_after), 0)::decimal(38, 18) as amount_after
from flows
group by all
having count(*) filter (where amount_before is distinct from amount_after) > 0
