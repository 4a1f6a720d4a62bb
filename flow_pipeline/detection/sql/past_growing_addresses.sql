-- Gives: the temp table growing_addresses: one row per token and address of findings that the new days may lengthen and
--   that began before what is read anyway, with the moment since which its transfers matter.
-- Reads: detection.findings, detection.finding_addresses, store.addresses
-- Takes: $since; the relations graph_tokens, growth_rules
create or replace temp table growing_addresses as
with tokens as (
    select distinct
        position,
        chain,
        token_symbol,
        token_address
    from graph_tokens
)

select
    k.position,
    a.address_id,
    min(f.first_timestamp - to_microseconds(r.span)) as since
from growth_rules as r
inner join
    detection.findings as f
    on f.typology = r.typology and f.last_timestamp >= r.open_since and f.first_timestamp < $since
inner join detection.finding_addresses as p on p.finding_id = f.finding_id and list_contains(r.roles, p.role)
inner join store.addresses as a on a.address = p.address
inner join
    tokens as k
    on
        k.chain = f.chain
        and k.token_symbol is not distinct from f.token_symbol
        and k.token_address is not distinct from f.token_address
group by all
