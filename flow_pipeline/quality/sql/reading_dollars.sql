-- Gives: by how many dollars the transfers of the days that changed differ from those that addresses sent
-- Reads: intermediate.int_transfers__keyed, store.address_transfers, store.dirty_days, store.state
with days as (
    select block_date
    from store.dirty_days
    where exists (
        select 1 from store.state
        where key = 'read_tables_through' and value <> ''
    )
)

select
    abs(
        coalesce(
            (
                select sum(t.amount_usd) from intermediate.int_transfers__keyed as t
                where t.block_date in (select d.block_date from days as d)
            ),
            0
        ) - coalesce(
            (
                select sum(e.amount_usd) from store.address_transfers as e
                where e.is_out and e.block_timestamp::date in (select d.block_date from days as d)
            ),
            0
        )
    ) as dollars
