-- Gives: one row per message that is to be sent now: in the order they were put together, digests after single
--   messages, the severest first and among those the one whose event is earliest
-- Reads: messages, deliveries, events
-- Takes: $now, $latest (what waits for longer than the longest wait was noted before the clock was set back)
select
    m.message_id,
    m.channel,
    m.attempts
from messages as m
left join deliveries using (message_id)
left join events as e using (event_id)
where m.sent_at is null and (m.next_try <= $now or m.next_try > $latest)
group by m.message_id, m.channel, m.attempts, m.made_at, m.is_digest
order by m.made_at, m.is_digest, max(risk_rank(e.severity)) desc nulls last, min(e.made_at), m.message_id
