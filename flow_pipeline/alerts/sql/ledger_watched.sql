-- Gives: the table watched of the ledger: one row per address or entity that somebody has an eye on
-- Reads: nothing
create table if not exists watched (
    watch_id varchar primary key,
    kind varchar,
    chain varchar,
    key varchar,
    owner varchar,
    reason varchar,
    first_day date,
    last_day date,
    made_at timestamp
)
