"""The SQL words all sources share: how text becomes a time, an address, an exact amount, and why it may not.

A source fills in `TransferFields` with SQL expressions over its own columns; `Plan` carries the finished SELECTs. The
expressions call the macros of `MACROS`, which a loading connection creates first. Numbers are put together from two whole numbers because DuckDB's own cast
from text to DECIMAL(38, 18) takes nine times as long, and gives nothing for more than 38 digits before an exponent; chains are compared one by one because a list becomes a join.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flow_pipeline.domain.chains import CHAINS, family_of
from flow_pipeline.sources.files import InputFile

_CANONICAL = " ".join(f"WHEN name = '{chain.name}' THEN name" for chain in CHAINS)
_ALIASES = " ".join(f"WHEN lower(name) = '{alias}' THEN '{chain.name}'" for chain in CHAINS for alias in chain.aliases)

MACROS = rf"""
CREATE OR REPLACE TEMP MACRO flow_text(x) AS nullif(trim(x::VARCHAR), '');
CREATE OR REPLACE TEMP MACRO flow_epoch(n) AS CASE
    WHEN n < 0 THEN NULL
    WHEN n < 100_000_000_000 THEN make_timestamp(n * 1_000_000)
    WHEN n < 100_000_000_000_000 THEN make_timestamp(n * 1_000)
    WHEN n < 100_000_000_000_000_000 THEN make_timestamp(n)
    ELSE make_timestamp(n // 1_000) END;
CREATE OR REPLACE TEMP MACRO flow_chain(name) AS CASE {_CANONICAL} ELSE CASE {_ALIASES} ELSE lower(name) END END;
CREATE OR REPLACE TEMP MACRO flow_time(t) AS CASE
    WHEN regexp_full_match(t, '\d{{1,19}}(\.\d*)?') THEN flow_epoch(try_cast(split_part(t, '.', 1) AS BIGINT))
    ELSE timezone('UTC', try_cast(t AS TIMESTAMPTZ)) END;
CREATE OR REPLACE TEMP MACRO flow_is_yes(x) AS coalesce(lower(regexp_replace(trim(x::VARCHAR), '\.0+$', '')) IN ('1', 'true', 't', 'yes', 'error'), false);
CREATE OR REPLACE TEMP MACRO flow_is_no(x) AS coalesce(lower(regexp_replace(trim(x::VARCHAR), '\.0+$', '')) IN ('0', '0x0', 'false', 'f', 'no', 'failed', 'fail', 'reverted', 'error'), false);
CREATE OR REPLACE TEMP MACRO flow_succeeded(x) AS CASE WHEN flow_is_no(x) THEN false WHEN lower(regexp_replace(trim(x::VARCHAR), '\.0+$', '')) IN ('1', '0x1', 'true', 't', 'yes', 'success', 'ok') THEN true END;
CREATE OR REPLACE TEMP MACRO flow_address(x) AS CASE WHEN starts_with(lower(x), '0x') THEN lower(x) ELSE x END;
CREATE OR REPLACE TEMP MACRO flow_e_digits(t) AS replace(ltrim(split_part(lower(t), 'e', 1), '+-'), '.', '');
CREATE OR REPLACE TEMP MACRO flow_e_places(t) AS length(split_part(split_part(lower(t), 'e', 1), '.', 2)) - try_cast(split_part(lower(t), 'e', 2) AS INT);
CREATE OR REPLACE TEMP MACRO flow_units_reason(t) AS CASE
    WHEN NOT regexp_full_match(t, '[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{{1,3}})?') THEN 'bad_amount'
    WHEN t LIKE '-%' AND t::DOUBLE <> 0 THEN 'negative_amount'
    WHEN CASE WHEN t ILIKE '%e%' THEN t::DOUBLE >= 1e18 ELSE length(ltrim(split_part(t, '.', 1), '+0')) > 18 END THEN 'amount_out_of_range'
    WHEN regexp_full_match(t, '[+-]?\d*\.\d{{18}}\d*[1-9]\d*') THEN 'amount_too_precise'
    WHEN t ILIKE '%e%' AND rtrim(flow_e_digits(t), '0') <> ''
        AND (flow_e_places(t) > 77 OR flow_e_places(t) + length(rtrim(flow_e_digits(t), '0')) - length(flow_e_digits(t)) > 18) THEN 'amount_too_precise' END;
CREATE OR REPLACE TEMP MACRO flow_join(whole, part) AS
    try_cast(whole AS BIGINT)::DECIMAL(38, 18) + try_cast(try_cast(part AS BIGINT) AS DECIMAL(18, 0)) * 0.000000000000000001::DECIMAL(18, 18);
CREATE OR REPLACE TEMP MACRO flow_base_digits(t) AS ltrim(regexp_replace(t, '\.0*$', ''), '+0');
CREATE OR REPLACE TEMP MACRO flow_base_reason(t, decimals) AS CASE
    WHEN t IS NULL OR regexp_full_match(t, '[+-]?0+(\.0*)?') THEN NULL
    WHEN regexp_full_match(t, '-\d+(\.0*)?') AND t::DOUBLE <> 0 THEN 'negative_amount'
    WHEN NOT regexp_full_match(t, '[+-]?\d+(\.0*)?') OR decimals < 0 OR decimals > 77 THEN 'bad_amount'
    WHEN decimals IS NULL THEN 'unknown_decimals'
    WHEN length(flow_base_digits(t)) > decimals + 18 THEN 'amount_out_of_range'
    WHEN decimals > 18 AND rtrim(substr(lpad(flow_base_digits(t), greatest(length(flow_base_digits(t)), decimals + 1)::INT, '0'),
         greatest(length(flow_base_digits(t)) - decimals, 1)::BIGINT + 19), '0') <> '' THEN 'amount_too_precise' END;
CREATE OR REPLACE TEMP MACRO flow_split(padded, whole) AS flow_join(substr(padded, 1, whole), rpad(substr(padded, whole + 1, 18), 18, '0'));
CREATE OR REPLACE TEMP MACRO flow_base(digits, decimals) AS flow_split(
    lpad(digits, greatest(length(digits), decimals + 1)::INT, '0'), greatest(length(digits) - decimals, 1)::BIGINT);
CREATE OR REPLACE TEMP MACRO flow_base_units(t, decimals) AS CASE
    WHEN regexp_full_match(t, '[+-]?0+(\.0*)?') THEN 0::DECIMAL(38, 18)
    WHEN decimals BETWEEN 0 AND 77 THEN flow_base(flow_base_digits(t), decimals::INT) END;
CREATE OR REPLACE TEMP MACRO flow_units(t) AS CASE
    WHEN regexp_full_match(t, '\d{{1,18}}(\.\d{{0,18}})?') THEN flow_join(split_part(t, '.', 1), rpad(split_part(t, '.', 2), 18, '0'))
    ELSE coalesce(try_cast(t AS DECIMAL(38, 18)), flow_base_units(flow_e_digits(t) || repeat('0', greatest(-flow_e_places(t), 0)), greatest(flow_e_places(t), 0))) END;
"""


@dataclass(frozen=True)
class Amount:
    """An amount: the SQL of its DECIMAL(38,18) value, of its reject reason, and of the text that must not be missing."""

    value: str
    reason: str
    text: str | None
    looks_up_decimals: bool = False


@dataclass(frozen=True)
class TransferFields:
    """SQL expressions of one transfer over a source's own columns; NULL where the source has none.

    Sender and receiver are the text as written: loading puts each distinct text into its chain's form, not each row's. `is_failed` rejects the row as failed_transaction; `is_transfer` false means the row is fine but moves nothing.
    """

    chain: str
    timestamp: str
    from_address: str
    to_address: str
    amount: Amount
    block_number: str = "NULL"
    tx_hash: str = "NULL"
    transfer_index: str = "NULL"
    token_address: str = "NULL"
    token_symbol: str = "NULL"
    amount_usd: str = "NULL"
    is_failed: str = "false"
    is_transfer: str = "true"


@dataclass(frozen=True)
class Plan:
    """How a file reads.

    Attributes:
        transfers: Expressions of the transfer in a row.
        transactions: SQL expressions of raw.transactions columns, for transaction lists.
        wallet_reports: SQL condition that is true for rows that are wallet reports, not transfers.
        explode: SELECT that turns the staged `lines` into rows (JSON); None when the file's rows are the rows.
        looks_up_decimals: True when a token file would change the outcome.
        notes: What the load report must say about assumptions made.
    """

    transfers: TransferFields
    transactions: dict[str, str] | None = None
    wallet_reports: str | None = None
    explode: str | None = None
    looks_up_decimals: bool = False
    notes: list[str] = field(default_factory=list)


def quoted(column: str | None) -> str:
    """A column as a quoted identifier; NULL when there is none."""
    return "NULL" if column is None else '"' + column.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def text_of(file: InputFile, column: str | None) -> str:
    """A column as trimmed text, empty as NULL. Parquet text is not trimmed."""
    if column is None:
        return "NULL::VARCHAR"
    name = quoted(column)
    return (
        f"nullif({name}, '')" if file.kind == "parquet" and file.type_of(column) == "VARCHAR" else f"flow_text({name})"
    )


def integer_of(file: InputFile, column: str | None) -> str:
    """A column as BIGINT, NULL where it is none (an index like `1_2` is no integer)."""
    return "NULL::BIGINT" if column is None else f"try_cast({text_or_number(file, column)} AS BIGINT)"


def text_or_number(file: InputFile, column: str) -> str:
    """A column for casting: trimmed text, or the number itself."""
    return text_of(file, column) if file.type_of(column) == "VARCHAR" else quoted(column)


def timestamp_of(file: InputFile, column: str) -> str:
    """A column as UTC TIMESTAMP: native times, epochs in s, ms, µs or ns, ISO 8601 with or without an offset."""
    kind, name = file.type_of(column), quoted(column)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {name})"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"{name}::TIMESTAMP"
    if "INT" in kind:
        return f"flow_epoch(try_cast({name} AS BIGINT))"
    return f"flow_time({text_or_number(file, column)}::VARCHAR)"


def address_of(file: InputFile, column: str, chain: str) -> str:
    """A column as an address: hexadecimal ones in lower case, others as written. `chain` is an SQL expression."""
    return form_of(text_of(file, column), chain)


def form_of(text: str, chain: str) -> str:
    """The form in which an address or hash is stored; both are SQL expressions."""
    family = family_of(chain.strip("'")) if chain.startswith("'") else ""
    return f"lower({text})" if family == "evm" else text if family == "bitcoin" else f"flow_address({text})"


def token_units(file: InputFile, column: str, has_separators: bool = False) -> Amount:
    """An amount in token units. Text and DECIMAL are exact; a float is read by its shortest decimal form."""
    kind, name = file.type_of(column), quoted(column)
    if kind.startswith("DECIMAL") or (kind != "VARCHAR" and "INT" in kind):
        reason = f"CASE WHEN {name} < 0 THEN 'negative_amount' WHEN {name} >= 1_000_000_000_000_000_000 THEN 'amount_out_of_range' END"
        return Amount(f"try_cast({name} AS DECIMAL(38, 18))", reason, name)
    if kind in ("DOUBLE", "FLOAT"):
        reason = f"CASE WHEN isnan({name}) OR isinf({name}) THEN 'bad_amount' WHEN {name} < 0 THEN 'negative_amount' WHEN {name} >= 1e18 THEN 'amount_out_of_range' END"
        return Amount(f"flow_units({name}::VARCHAR)", reason, name)
    text = text_of(file, column) if kind == "VARCHAR" else f"{name}::VARCHAR"
    if has_separators:
        text = f"replace({text}, ',', '')"
    return Amount(f"flow_units({text})", f"flow_units_reason({text})", text)


def base_units(text: str, decimals: str, looks_up: bool = False) -> Amount:
    """An integer amount in base units; `decimals` is an SQL expression, NULL where unknown."""
    return Amount(f"flow_base_units({text}, {decimals})", f"flow_base_reason({text}, {decimals})", text, looks_up)


def known_decimals(chain: str, token_address: str, token_symbol: str) -> str:
    """Decimals from the token file: by (chain, address), else by (chain, symbol) where the source has no address."""
    return f"(SELECT max(d.decimals) FROM token_decimals d WHERE d.chain = {chain} AND d.token = coalesce(lower({token_address}), {token_symbol}))"
