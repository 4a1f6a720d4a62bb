-- Gives: rows of deliveries: one row per new revision that a channel is to be told of
-- Reads: alerts, allowed, deliveries, events
-- Takes: $channel, $least, $rules (none for all), $news_from (the first day that is news; NULL where every day is);
--   the relation new_revisions
-- No allow-list holds back a payment with a sanctioned address: whoever allowed the pair did not know of the list.
insert into deliveries
select
    md5(concat_ws('|', f.alert_id, f.revision, f.change, f.content)) as event_id,
    $channel as channel_name,
    f.rule <> 'sanctioned_transfer'
    and exists (
        select 1
        from allowed as w
        where
            w.until > f.changed_at
            and w.sender in (f.from_address, f.from_entity)
            and w.receiver in (f.to_address, f.to_entity)
    ) as is_allowed,
    greatest(f.changed_at, coalesce(a.snoozed_until, f.changed_at)) as not_before,
    null as message_id,
    $news_from is not null and coalesce(f.block_date < $news_from, f.rule <> 'run_failed') as is_history
from new_revisions as f
inner join alerts as a using (alert_id)
where
    a.told_at is not null
    and (
        (
            risk_rank(f.severity) >= risk_rank($least)
            and (len($rules) = 0 or f.rule in (select unnest($rules)) or has_part_of(f.content, $rules))
        )
        -- Whoever was told of an alert is told what becomes of it.
        or f.alert_id in (
            select e.alert_id
            from deliveries as d
            inner join events as e using (event_id)
            where d.channel = $channel
        )
    )
