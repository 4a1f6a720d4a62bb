-- Gives: the table messages of the ledger: one row per message to a channel, sent or not
-- Reads: nothing
create table if not exists messages (
    message_id varchar primary key,
    channel varchar,
    is_digest boolean,
    rule varchar,
    topic varchar,
    made_at timestamp,
    attempts integer,
    next_try timestamp,
    sent_at timestamp,
    last_error varchar
)
