-- Gives: the number of days and tokens, from the first day that changed on, whose flows do not add up to their
--   transfers
-- Reads: intermediate.int_transfers__keyed, intermediate.int_flows__daily
with transfers as (
    select
        block_date,
        token_key,
        coalesce(sum(amount), 0) as amount
    from intermediate.int_transfers__keyed
    where block_date >= date '{first_changed_day}'
    group by all
),

flows as (
    select
        block_date,
        token_key,
        sum(amount) as amount
    from intermediate.int_flows__daily
    where block_date >= date '{first_changed_day}'
    group by all
)

select count(*)
from transfers as t
full join flows as f using (block_date, token_key)
where t.amount is distinct from f.amount
