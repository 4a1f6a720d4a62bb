-- The words of the ledger, lent to each connection that opens it.

-- How an alert stands at present.
create or replace temp macro alert_status(change, part_of, told_at, snoozed_until, acknowledged_at) as
case
    when change = 'withdrawn' then 'withdrawn'
    when part_of is not null then 'part'
    when snoozed_until > now()::timestamp then 'snoozed'
    when acknowledged_at is not null then 'acknowledged'
    when told_at is null then 'waiting'
    else 'open'
end;

-- True when an alert has a part of one of the kinds.
create or replace temp macro has_part_of(content, rules) as
list_has_any(json_extract_string(content, '$.parts[*].rule'), rules::varchar[]);
