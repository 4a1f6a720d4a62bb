-- Gives: the temp table new_revisions: one row per alert of the tip that is new, changed or withdrawn
-- Reads: alerts
-- Takes: $now, $per_week; the relation tip_alerts
-- A withdrawn alert keeps what it said. What a build has compared is the build's to change.
create or replace temp table new_revisions as
with compared as (
    select
        n.*,
        t.revision as revision_before,
        t.content as before,
        t.explanation as explained_before,
        t.first_told_at as first_before,
        t.told_at as told_before,
        case
            when not n.is_standing then 'withdrawn'
            when t.alert_id is null or t.change = 'withdrawn' then 'new'
            else 'changed'
        end as change
    from tip_alerts as n
    left join alerts as t using (alert_id)
    where
        case
            when not n.is_standing then t.change <> 'withdrawn' and t.finality is not null
            else
                t.alert_id is null
                or t.change = 'withdrawn'
                or (t.finality is not null and t.content::json <> n.content::json)
        end
),

spent as (
    select count(*) as alerts
    from alerts
    where
        told_at is not null
        and rarity is not null
        and change <> 'withdrawn'
        and coalesce(block_date, told_at::date) > (select max(block_date) from tip_alerts) - 7
),

placed as (
    select
        *,
        row_number() over (
            partition by rarity is null or told_before is not null or change = 'withdrawn'
            order by alert_place(severity, rarity, stake_usd, content), alert_id
        ) as place
    from compared
)

select
    p.alert_id,
    coalesce(w.rule, p.rule) as rule,
    coalesce(w.rule_version, p.rule_version) as rule_version,
    coalesce(w.subject, p.subject) as subject,
    coalesce(w.topic, p.topic) as topic,
    coalesce(w.chain, p.chain) as chain,
    coalesce(w.block_date, p.block_date) as block_date,
    coalesce(w.severity, p.severity) as severity,
    coalesce(w.rarity, p.rarity) as rarity,
    coalesce(w.stake_usd, p.stake_usd) as stake_usd,
    coalesce(w.title, p.title) as title,
    coalesce(w.from_address, p.from_address) as from_address,
    coalesce(w.to_address, p.to_address) as to_address,
    coalesce(w.from_entity, p.from_entity) as from_entity,
    coalesce(w.to_entity, p.to_entity) as to_entity,
    coalesce(w.content, p.content) as content,
    coalesce(w.explanation, p.explanation) as explanation,
    w.part_of,
    p.change,
    coalesce(p.revision_before, 0) + 1 as revision,
    coalesce(p.first_before, $now) as first_told_at,
    coalesce(
        p.told_before,
        case
            when
                p.change <> 'withdrawn'
                and (p.rarity is null or p.place <= $per_week - (select s.alerts from spent as s))
                then $now
        end
    ) as told_at,
    $now as changed_at,
    'tip' as run_id,
    p.finality,
    null::varchar as acknowledged_by,
    null::timestamp as acknowledged_at,
    null::varchar as acknowledged_reason,
    null::varchar as acknowledged_as,
    null::varchar as snoozed_by,
    null::timestamp as snoozed_until,
    null::varchar as snoozed_reason,
    p.before,
    p.explained_before
from placed as p
left join alerts as w on w.alert_id = case when p.change = 'withdrawn' then p.alert_id end
