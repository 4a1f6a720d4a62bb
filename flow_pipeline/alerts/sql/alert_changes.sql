-- Gives: the temp table alert_changes: one row per alert that is new, changed or withdrawn, with its next revision
-- Reads: ledger.alerts, store.day_hashes
-- Takes: the relations alert_candidates, alert_parts, compared_rules, rules_by_day, days_to_tell
-- What was part of an alert and stands without it is new. What the tip told is compared once its day is landed and
-- loaded.
create or replace temp table alert_changes as
with compared as (
    select *
    from ledger.alerts
    where
        rule in (select rule from compared_rules)
        and (
            finality is null
            or (finality = 'landed' and block_date in (select block_date from store.day_hashes))
            or alert_id in (select alert_id from alert_candidates)
        )
        and (
            rule not in (select rule from rules_by_day)
            or block_date in (select block_date from days_to_tell)
            or (
                change <> 'withdrawn'
                and part_of is not null
                and part_of not in (select alert_id from alert_candidates)
            )
        )
),

of_unread_days as (
    select alert_id
    from compared
    where
        rule in (select rule from rules_by_day)
        and block_date not in (select block_date from days_to_tell)
)

select
    coalesce(c.alert_id, t.alert_id) as alert_id,
    coalesce(t.revision, 0) + 1 as revision,
    case
        when t.alert_id in (select alert_id from of_unread_days) then 'new'
        when c.alert_id is null then 'withdrawn'
        when t.alert_id is null or t.change = 'withdrawn' then 'new'
        when t.part_of is not null and p.alert_id is null then 'new'
        else 'changed'
    end as change
from alert_candidates as c
full join compared as t using (alert_id)
left join alert_parts as p on c.alert_id = p.alert_id
where
    t.alert_id is null
    or t.alert_id in (select alert_id from of_unread_days)
    or (c.alert_id is null and t.change <> 'withdrawn')
    or (
        c.alert_id is not null
        and (
            t.change = 'withdrawn'
            or not is_confirmed(t.finality, t.content, c.content)
            or t.part_of is distinct from p.part_of
        )
    )
