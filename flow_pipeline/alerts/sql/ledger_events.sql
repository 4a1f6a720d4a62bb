-- Gives: the table events of the ledger: one row per revision of an alert, with what it replaced
-- Reads: nothing
create table if not exists events (
    event_id varchar primary key,
    alert_id varchar,
    revision integer,
    change varchar,
    made_at timestamp,
    run_id varchar,
    rule varchar,
    topic varchar,
    severity varchar,
    title varchar,
    before json,
    after json,
    explained_before json
)
