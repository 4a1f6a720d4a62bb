-- Gives: the number of days and tokens, of this run's days, whose flows do not add up to their transfers
-- Reads: intermediate.int_transfers__keyed, intermediate.int_flows__daily, store.dirty_days
with transfers as (
    select
        block_date,
        token_key,
        coalesce(sum(amount), 0) as amount
    from intermediate.int_transfers__keyed
    where block_date in (select block_date from store.dirty_days)
    group by all
),

flows as (
    select
        block_date,
        token_key,
        sum(amount) as amount
    from intermediate.int_flows__daily
    where block_date in (select block_date from store.dirty_days)
    group by all
)

select count(*)
from transfers as t
full join flows as f using (block_date, token_key)
where t.amount is distinct from f.amount
