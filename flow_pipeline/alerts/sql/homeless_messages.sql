-- Gives: one row per channel that is not in the settings and for which something waits
-- Reads: messages, deliveries
-- Takes: $known
with waiting as (
    select channel
    from messages
    where sent_at is null
    union all
    select channel
    from deliveries
    where message_id is null and not is_allowed
)

select
    channel,
    count(*) as messages
from waiting
where not list_contains($known::varchar[], channel)
group by channel
order by channel
