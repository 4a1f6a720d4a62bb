-- Gives: the table actions of the ledger: one row per decision about an alert
-- Reads: nothing
create table if not exists actions (
    alert_id varchar,
    action varchar,
    author varchar,
    reason varchar,
    until timestamp,
    made_at timestamp,
    verdict varchar
)
