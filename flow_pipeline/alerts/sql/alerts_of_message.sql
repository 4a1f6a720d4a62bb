-- Gives: one row per alert that a message tells of, severest and latest first, with the explanation of its revision
-- Reads: events, deliveries, alerts
-- Takes: $id, $most
with events_of_message as (
    select *
    from events
    where event_id in (
        select event_id from deliveries
        where message_id = $id
    )
)

select
    e.event_id,
    e.alert_id,
    e.revision,
    e.change,
    e.rule,
    e.severity,
    a.chain,
    a.block_date::varchar as block_date,
    e.topic,
    e.title,
    e.before,
    e.after,
    -- What a later revision replaced, else what stands.
    coalesce(
        (
            select arg_min(n.explained_before, n.revision)
            from events as n
            where n.alert_id = e.alert_id and n.revision > e.revision
        ),
        a.explanation
    ) as explanation
from events_of_message as e
inner join alerts as a using (alert_id)
order by risk_rank(e.severity) desc, e.made_at desc, e.event_id
limit $most
