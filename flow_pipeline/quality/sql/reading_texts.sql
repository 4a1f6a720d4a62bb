-- Gives: how many addresses are missing in store.address_texts or too many, or 1 when texts differ
-- Reads: store.addresses, store.address_texts, store.state
with expected as (
    select
        count(*) as addresses,
        sum(hash(address_id, address)) as texts
    from store.addresses
    where exists (
        select 1 from store.state as s
        where s.key = 'read_tables_through' and s.value <> ''
    )
),

found as (
    select
        count(*) as addresses,
        sum(hash(address_id, address)) as texts
    from store.address_texts
)

select greatest(abs(e.addresses - f.addresses), (e.texts is distinct from f.texts)::integer) as wrong
from expected as e cross join found as f
