-- The words that many statements share, kept in the warehouse file itself: dbt's models, the statements of the rooms
-- and whoever opens a published file use the same ones. The engine puts their text in place, so that they cost nothing.

-- US dollars of a transfer: by the price of its day, else what its source gave; NULL where neither is known. What a
-- source gives for a token that imitates another is the other's price.
create or replace macro usd_of(amount, price, given, is_spoof := false) as
coalesce(
    case when price is not null then try_cast(amount::double * price as decimal(38, 6)) end,
    case when not is_spoof then given end
);

-- A contract by its ends.
create or replace macro short_contract(address) as
case when length(address) > 14 then left(address, 6) || '…' || right(address, 4) else address end;

-- True when something that is known from a moment on until before another (a label, a hub, a membership) holds then.
create or replace macro holds_at(valid_from, valid_to, moment) as moment >= valid_from and moment < valid_to;

-- What tells a transfer from others: its place in its transaction, else its content there, else its row in its file.
create or replace macro transfer_identity(
    tx_hash, transfer_index, from_address, to_address, amount, sha256, source_row
) as
coalesce(
    tx_hash || ':' || coalesce(transfer_index::varchar, from_address || '>' || to_address || '>' || amount::varchar),
    sha256 || ':' || source_row
);

-- Levels of risk and severity in their order: LOW 1, MEDIUM 2, HIGH 3, CRITICAL 4, NULL for any other word; and back.
create or replace macro risk_rank(level) as list_position(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'], level);
create or replace macro risk_level(rank) as (['LOW', 'MEDIUM', 'HIGH', 'CRITICAL'])[rank];

-- Where an alert stands in a list, the first to read first: the severest, of them what is always told, then the most
-- dollars, the rarest, the largest amount.
create or replace macro alert_place(severity, rarity, stake_usd, content) as
row(
    -risk_rank(severity),
    rarity is not null,
    -coalesce(stake_usd, -1),
    coalesce(rarity, 0),
    -coalesce(try_cast(json_extract_string(content, '$.amount') as double), -1)
);

-- Where a counterparty of an address stands, the first to read first: the most dollars both ways, those of which none
-- are known last; then the most transfers, who came first, who was loaded first.
create or replace macro counterparty_place(usd_out, usd_in, transfers_out, transfers_in, first_at, other_id) as
row(-coalesce(usd_out + usd_in, usd_out, usd_in, -1), -(transfers_out + transfers_in), first_at, other_id);
