"""The SQL words all sources share: how text becomes a time, an address, an exact amount, and why it may not.

A source fills in `TransferFields` with SQL expressions over its own columns; `Plan` carries the finished SELECTs. The
expressions call the macros of `sql/macros.sql`, which a loading connection creates first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flow_pipeline.domain.chains import chains_of, family_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.sources.files import InputFile

sql = statements(__package__)


@dataclass(frozen=True)
class Amount:
    """SQL of an amount: of its DECIMAL(38, 18) value, of its reject reason, of the text that must not be missing."""

    value: str
    reason: str
    text: str | None
    looks_up_decimals: bool = False


@dataclass(frozen=True)
class TransferFields:
    """SQL expressions of one transfer over a source's own columns; NULL where the source has none.

    Sender and receiver are the text as written: loading puts each distinct text into its chain's form, not each row's.
    `reason` is the reject reason that the row itself gives (a failed transaction, an approval), NULL where it gives
    none; `is_transfer` false means the row is fine but moves nothing. `time_text` is what the timestamp is read from:
    where it is NULL, the time is missing, not wrong.
    """

    chain: str
    timestamp: str
    time_text: str
    from_address: str
    to_address: str
    amount: Amount
    block_number: str = "null"
    transaction_index: str = "null"
    tx_hash: str = "null"
    transfer_index: str = "null"
    token_address: str = "null"
    token_symbol: str = "null"
    amount_usd: str = "null"
    reason: str = "null"
    is_transfer: str = "true"


@dataclass(frozen=True)
class Shape:
    """How the values of a file become rows, before anything is known of them.

    Attributes:
        explode: SELECT that turns the staged `lines` (JSON) into rows; None where the file's rows are the rows.
        computed: New columns as SQL over the file's own.
    """

    explode: str | None = None
    computed: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Plan:
    """How a file reads.

    Attributes:
        transfers: Expressions of the transfer in a row.
        transactions: SQL expressions of raw.transactions columns, for transaction lists.
        wallet_reports: SQL condition that is true for rows that are wallet reports, not transfers.
        block_times: SQL of chain, block number and time of a file of blocks, whose rows are no transfers.
        looks_up_decimals: True when a token file would change the outcome.
        looks_up_times: True when a file of blocks would.
    """

    transfers: TransferFields
    transactions: dict[str, str] | None = None
    wallet_reports: str | None = None
    block_times: tuple[str, str, str] | None = None
    looks_up_decimals: bool = False
    looks_up_times: bool = False


def quoted(column: str | None) -> str:
    """A column as a quoted identifier, `null` when there is none."""
    return "null" if column is None else '"' + column.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def text_of(file: InputFile, column: str | None) -> str:
    """A column as trimmed text, empty as NULL. Parquet text is not trimmed; its bytes are written as hexadecimal."""
    if column is None:
        return "null::varchar"
    name = quoted(column)
    if file.type_of(column) == "BLOB":
        return f"('0x' || lower(hex({name})))"
    if column in file.tidy:
        return name
    return (
        f"nullif({name}, '')" if file.kind == "parquet" and file.type_of(column) == "VARCHAR" else f"flow_text({name})"
    )


def integer_of(file: InputFile, column: str | None) -> str:
    """A column as BIGINT, also of `0x1f` and `12.0`; NULL where it is none (an index like `1_2` is no integer)."""
    if column is None:
        return "null::bigint"
    if file.type_of(column) == "VARCHAR":
        return f"flow_integer({text_of(file, column)})"
    return f"try_cast({quoted(column)} as bigint)"


def form_of(text: str, chain: str) -> str:
    """The form in which an address or hash is stored; both are SQL expressions."""
    if chain.startswith("'"):
        family = family_of(chain.strip("'"))
        return f"flow_{family}_form({text})"
    cases = " ".join(
        f"when {chain} in ({', '.join(map(literal, chains_of(family)))}) then flow_{family}_form({text})"
        for family in ("evm", "bitcoin", "tron")
    )
    return f"case {cases} else flow_other_form({text}) end"


def hash_of(text: str, chain: str) -> str:
    """The form in which a transaction hash is stored; both are SQL expressions."""
    if chain.startswith("'"):
        return f"flow_{family_of(chain.strip(chr(39)))}_hash({text})"
    evm = ", ".join(map(literal, chains_of("evm")))
    other = ", ".join(map(literal, chains_of("other")))
    return (
        f"case when {chain} in ({evm}) then flow_evm_hash({text}) "
        f"when {chain} in ({other}) then {text} else flow_other_hash({text}) end"
    )


def token_units(file: InputFile, column: str, text: str | None = None) -> Amount:
    """An amount in token units. Text and DECIMAL are exact; a float is read by its shortest decimal form.

    Args:
        file: The file.
        column: Its column.
        text: SQL of the number as plain text, where the column writes it in another form.
    """
    kind, name = file.type_of(column), quoted(column)
    if kind.startswith("DECIMAL") or (kind != "VARCHAR" and "INT" in kind):
        # A DECIMAL(38, 30) has eight digits before its point, and no room for 10^18 to be compared with.
        fits = kind.startswith("DECIMAL") and _whole_digits(kind) <= 18
        too_large = "" if fits else f"when {name} >= 1_000_000_000_000_000_000 then 'amount_out_of_range'"
        scale = int(kind.rstrip(")").rpartition(",")[2]) if kind.startswith("DECIMAL") else 0
        inexact = f"when {name} <> {name}::decimal({_digits(kind)}, 18) then 'amount_too_precise'" if scale > 18 else ""
        reason = f"case when {name} < 0 then 'negative_amount' {too_large} {inexact} end"
        return Amount(f"try_cast({name} as decimal(38, 18))", reason, name)
    if kind in ("DOUBLE", "FLOAT"):
        no_number = f"when isnan({name}) or isinf({name}) then 'bad_amount'"
        too_large = f"when {name} >= 1e18 then 'amount_out_of_range'"
        reason = f"case {no_number} when {name} < 0 then 'negative_amount' {too_large} end"
        return Amount(f"flow_units({name}::varchar)", reason, name)
    text = text or (text_of(file, column) if kind == "VARCHAR" else f"{name}::varchar")
    return Amount(f"flow_units({text})", f"flow_units_reason({text})", text)


def _digits(kind: str) -> int:
    """Digits of DECIMAL(38, 30)'s whole numbers and 18 after the point."""
    return min(_whole_digits(kind) + 18, 38)


def _whole_digits(kind: str) -> int:
    """Digits before the point of a DECIMAL."""
    digits, scale = (int(part) for part in kind[len("DECIMAL(") : -1].split(","))
    return digits - scale


def base_units(text: str, decimals: str, looks_up: bool = False) -> Amount:
    """An integer amount in base units; `decimals` is an SQL expression, `null` where unknown."""
    return Amount(f"flow_base_units({text}, {decimals})", f"flow_base_reason({text}, {decimals})", text, looks_up)


def known_decimals(chain: str, token_address: str, token_symbol: str) -> str:
    """Decimals of a known token: by (chain, address), else by (chain, symbol) where the source has no address."""
    token = f"coalesce({token_address}, upper({token_symbol}))"
    return f"(select max(d.decimals) from token_decimals as d where d.chain = {chain} and d.token = {token})"


MACROS = sql("macros")
"""Statements that create the macros which sources call; a loading connection runs them."""
