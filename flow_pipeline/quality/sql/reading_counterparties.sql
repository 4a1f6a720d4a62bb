-- Gives: how many busy addresses have other sums of counterparties than of sorted transfers, or ranks with a gap; 0
--   where only days behind the sorted ones changed
-- Reads: store.counterparties, store.address_transfers, store.state
with sorted_days as (
    select max(value)::date as last_day
    from store.state
    where key = 'read_tables_through' and value <> ''
),

listed as (
    select
        address_id,
        chain,
        sum(transfers_out) as transfers_out,
        sum(transfers_in) as transfers_in,
        sum(usd_out) as usd_out,
        sum(usd_in) as usd_in,
        max(rank) - count(distinct other_id) as gaps
    from store.counterparties
    where (select s.last_day >= date '{first_changed_day}' from sorted_days as s)
    group by address_id, chain
),

counted as (
    select
        e.address_id,
        e.chain,
        count(*) filter (where e.is_out) as transfers_out,
        count(*) filter (where not e.is_out) as transfers_in,
        sum(e.amount_usd) filter (where e.is_out) as usd_out,
        sum(e.amount_usd) filter (where not e.is_out) as usd_in
    from store.address_transfers as e
    where
        e.is_counted
        and (e.address_id, e.chain) in (select (l.address_id, l.chain) from listed as l)
        and e.block_timestamp < (select s.last_day + 1 from sorted_days as s)
    group by e.address_id, e.chain
)

select count(*) as wrong
from listed as l
left join counted as c on l.address_id = c.address_id and l.chain = c.chain
where
    (l.transfers_out, l.transfers_in, l.usd_out, l.usd_in)
    is distinct from (c.transfers_out, c.transfers_in, c.usd_out, c.usd_in)
    or l.gaps <> 0
