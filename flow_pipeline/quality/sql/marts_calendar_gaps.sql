-- Gives: the number of series of a daily mart that miss a day before the last day built
-- Reads: ${mart}, store.state
-- Takes: ${mart}, ${series} (the columns that tell its series apart)
with calendars as (
    select
        count(*) as days,
        min(block_date) as first_date,
        max(block_date) as last_date
    from ${mart}
    group by ${series}
),

built as (
    select max(value)::date as last_day
    from store.state
    where key = 'last_day'
)

select count(*)
from calendars
where days <> last_date - first_date + 1 or last_date <> (select last_day from built)
