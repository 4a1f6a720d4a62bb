-- Gives: by how many dollars what was moved on the days that changed differs from what addresses sent
-- Reads: intermediate.int_flows__daily, store.address_transfers, store.state
with moved as (
    select coalesce(sum(amount_usd), 0) as usd
    from intermediate.int_flows__daily
    where
        block_date >= date '{first_changed_day}'
        and exists (
            select 1 from store.state
            where key = 'read_tables_through' and value <> ''
        )
),

sent as (
    select coalesce(sum(amount_usd), 0) as usd
    from store.address_transfers
    where is_out and block_timestamp >= date '{first_changed_day}'
)

select abs(m.usd - s.usd) as dollars
from moved as m cross join sent as s
