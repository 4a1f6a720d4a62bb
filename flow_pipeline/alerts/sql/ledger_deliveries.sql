-- Gives: the table deliveries of the ledger: one row per event and channel, with the message that carries it
-- Reads: nothing
create table if not exists deliveries (
    event_id varchar,
    channel varchar,
    is_allowed boolean,
    not_before timestamp,
    message_id varchar,
    is_history boolean,
    primary key (event_id, channel)
)
