-- Gives: the temp table single_messages: one row per due event that gets a message of its own, severest first, as
--   far as the rates of topics and of the channel allow; never what a load of a history brings
-- Reads: messages
-- Takes: $channel, $now, $topic_since, $hour_ago, $most; the relation due_events
create or replace temp table single_messages as
select
    event_id,
    rule,
    topic,
    md5(event_id || '|' || $channel) as message_id
from due_events as d
where
    of_topic = 1
    and not is_history
    and not exists (
        select 1
        from messages as m
        where
            m.channel = $channel
            and not m.is_digest
            and m.rule = d.rule
            and m.topic is not distinct from d.topic
            and m.made_at > $topic_since and m.made_at <= $now
    )
qualify
    row_number() over (order by rank desc, made_at, event_id)
    <= $most - (
        select count(*) from messages
        where channel = $channel and not is_digest and made_at > $hour_ago and made_at <= $now
    )
