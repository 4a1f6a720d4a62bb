-- Gives: one row per channel and event of an alert, with the message that carries it
-- Reads: deliveries, events, messages
-- Takes: $id
select
    d.channel,
    d.event_id,
    d.is_allowed,
    d.not_before,
    m.is_digest,
    m.attempts,
    m.sent_at,
    m.last_error
from deliveries as d
inner join events as e using (event_id)
left join messages as m using (message_id)
where e.alert_id = $id
order by e.revision, d.channel
