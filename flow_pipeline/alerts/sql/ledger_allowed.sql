-- Gives: the table allowed of the ledger: one row per pair of ends about whose transfers nothing is sent
-- Reads: nothing
create table if not exists allowed (
    sender varchar,
    receiver varchar,
    until timestamp,
    author varchar,
    reason varchar,
    made_at timestamp
)
