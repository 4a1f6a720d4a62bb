-- The words of the ledger, lent to each connection that opens it.

-- How an alert stands at present.
create or replace temp macro alert_status(change, told_at, snoozed_until, acknowledged_at) as
case
    when change = 'withdrawn' then 'withdrawn'
    when snoozed_until > now()::timestamp then 'snoozed'
    when acknowledged_at is not null then 'acknowledged'
    when told_at is null then 'waiting'
    else 'open'
end;
