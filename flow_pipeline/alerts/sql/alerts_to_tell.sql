-- Gives: the temp table alerts_to_tell: one row per alert that is told in this run
-- Reads: ledger.alerts, store.transfers
-- Takes: $now, $per_week; the relations alert_changes, alert_candidates, alert_parts
-- A week of data has so many alerts: the most severe ones, which are the rarest, then those about the most dollars. One
-- that waits is told while its week lasts, if there is room; after that it stays in the list.
create or replace temp table alerts_to_tell as
with last_days as (
    select coalesce(max(block_date), $now::date) as last_day
    from store.transfers
),

spent as (
    select count(*) as alerts
    from ledger.alerts, last_days
    where
        told_at is not null
        and rarity is not null
        and change <> 'withdrawn'
        and coalesce(block_date, told_at::date) > last_day - 7
),

waiting as (
    select
        c.alert_id,
        c.severity,
        c.rarity,
        c.stake_usd
    from alert_candidates as c
    inner join alert_changes as h using (alert_id)
    left join ledger.alerts as t using (alert_id)
    where
        (h.change = 'new' or t.told_at is null)
        and c.alert_id not in (select alert_id from alert_parts)
    union
    select
        t.alert_id,
        t.severity,
        t.rarity,
        t.stake_usd
    from ledger.alerts as t
    inner join alert_changes as h using (alert_id)
    where h.change = 'new' and t.alert_id not in (select alert_id from alert_candidates)
    union
    select
        t.alert_id,
        t.severity,
        t.rarity,
        t.stake_usd
    from ledger.alerts as t, last_days
    where
        t.told_at is null
        and t.part_of is null
        and t.change <> 'withdrawn'
        and t.acknowledged_at is null
        and coalesce(t.block_date, t.changed_at::date) > last_day - 7
        and t.alert_id not in (select alert_id from alert_changes)
)

select alert_id
from waiting
where rarity is null
union all
select alert_id
from (
    select
        alert_id,
        row_number() over (
            order by alert_place(severity, rarity, stake_usd, null), alert_id
        ) as place
    from waiting
    where rarity is not null
)
where place <= greatest($per_week - (select alerts from spent), 0)
