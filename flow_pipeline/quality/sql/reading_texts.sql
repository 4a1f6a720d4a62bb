-- Gives: how many addresses are missing in store.address_texts or too many, or 1 when texts of those with transfers
--   on the days that changed differ
-- Reads: store.addresses, store.address_texts, store.transfers, store.state
with changed as (
    select from_id as address_id
    from store.transfers
    where block_date >= date '{first_changed_day}'
    union
    select to_id
    from store.transfers
    where block_date >= date '{first_changed_day}'
),

expected as (
    select sum(hash(address_id, address)) as texts
    from store.addresses
    where
        address_id in (select address_id from changed)
        and exists (
            select 1 from store.state as s
            where s.key = 'read_tables_through' and s.value <> ''
        )
),

found as (
    select sum(hash(address_id, address)) as texts
    from store.address_texts
    where address_id in (select address_id from changed)
),

counts as (
    select
        (select count(*) from store.address_texts) as texts,
        case
            when exists (
                select 1 from store.state as s
                where s.key = 'read_tables_through' and s.value <> ''
            ) then (select count(*) from store.addresses)
            else 0
        end as addresses
)

select greatest(abs(c.addresses - c.texts), (e.texts is distinct from f.texts)::integer) as wrong
from expected as e cross join found as f cross join counts as c
