-- Gives: one row per stage of the last audits: how many expectations were met, and which only warned
-- Reads: ops.audits
with latest as (
    select
        stage,
        expectation,
        description,
        severity,
        is_success,
        checked_at
    from ops.audits
    qualify row_number() over (partition by stage, expectation order by checked_at desc) = 1
)

select
    stage,
    count(*) as expectations,
    count(*) filter (where is_success) as met,
    list(description order by expectation) filter (where not is_success) as not_met,
    max(checked_at) as checked_at
from latest
group by stage
order by stage
