-- Gives: the ids of the alerts of a source whose finality changed
-- Reads: alerts
-- Takes: $source, $safe, $final (heights), $landed (the last day whose landing file is written, or NULL)
-- What is final stays it, whatever a later call leaves unsaid.
update alerts set finality = d.finality
from (
    select
        alert_id,
        case
            when block_date <= $landed::date then 'landed'
            when coalesce((explanation ->> '$.tip.block_number')::bigint, -1) <= $final then 'final'
            when (explanation ->> '$.tip.block_number')::bigint <= $safe then 'safe'
            else 'seen'
        end as finality
    from alerts
    where
        finality in ('seen', 'safe', 'final')
        and change <> 'withdrawn'
        and (explanation ->> '$.tip.source') = $source
) as d
where
    d.alert_id = alerts.alert_id
    and list_position(['seen', 'safe', 'final', 'landed'], d.finality)
    > list_position(['seen', 'safe', 'final', 'landed'], alerts.finality)
returning alerts.alert_id
