-- Gives: the number of days and tokens whose signed legs of all entities, the unlabelled one included, do not sum to
--   zero
-- Reads: intermediate.int_flows__daily
with legs as (
    select
        block_date,
        token_key,
        to_entity as entity,
        sum(amount) as leg
    from intermediate.int_flows__daily
    where block_date >= date '{first_changed_day}'
    group by all
    union all
    select
        block_date,
        token_key,
        from_entity,
        -sum(amount)
    from intermediate.int_flows__daily
    where block_date >= date '{first_changed_day}'
    group by all
),

sums as (
    select
        block_date,
        token_key,
        sum(leg) as rest
    from legs
    group by all
)

select count(*)
from sums
where rest <> 0
