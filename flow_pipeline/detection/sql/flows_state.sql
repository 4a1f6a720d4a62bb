-- Gives: one row per lot on an address at the end of the last day that stands, in their order, with its token's number
-- Reads: store.flow_states, ops.flow_days
-- Takes: the relation flow_tokens
select
    k.number as token,
    s.*
from store.flow_states as s
inner join (
    select distinct
        token_key,
        number
    from flow_tokens
) as k using (token_key)
where s.block_date = (select max(block_date) from ops.flow_days)
order by s.position
