-- Gives: the number of series of a daily mart that miss a day since the one before the first that changed, though they
--   are to have every day, or whose days differ in that
-- Reads: ${mart}, store.state
-- Takes: ${mart}, ${series} (the columns that tell its series apart)
with calendars as (
    select
        count(*) as days,
        min(block_date) as first_date,
        max(block_date) as last_date,
        bool_or(has_every_day) as has_every_day,
        bool_and(has_every_day) as has_only_such
    from ${mart}
    where block_date >= date '{first_changed_day}' - 1
    group by ${series}
),

built as (
    select max(value)::date as last_day
    from store.state
    where key = 'last_day'
)

select count(*)
from calendars
where
    has_every_day <> has_only_such
    or (has_every_day and (days <> last_date - first_date + 1 or last_date <> (select last_day from built)))
