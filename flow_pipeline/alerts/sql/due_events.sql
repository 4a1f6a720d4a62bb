-- Gives: the temp table due_events: one row per event that has no message of a channel yet, with its place in its topic
-- Reads: deliveries, events
-- Takes: $channel, $now
create or replace temp table due_events as
select
    d.event_id,
    e.rule,
    e.topic,
    row_number() over (
        partition by e.rule, e.topic, coalesce(d.is_history, false)
        order by risk_rank(e.severity) desc, e.made_at, e.event_id
    ) as of_topic,
    coalesce(d.is_history, false) as is_history,
    risk_rank(e.severity) as rank,
    e.made_at
from deliveries as d
inner join events as e using (event_id)
where
    d.channel = $channel
    and d.message_id is null
    and not d.is_allowed
    -- Only a snooze waits for a later time than the event's own, which a clock that was set back makes the future.
    and (d.not_before <= $now or d.not_before <= e.made_at)
