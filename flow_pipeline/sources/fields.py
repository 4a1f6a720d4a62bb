"""The SQL words all sources share: how text becomes a time, an address, an exact amount, and why it may not.

A source fills in `TransferFields` with SQL expressions over its own columns; `Plan` carries the finished SELECTs. The
expressions call the macros of `sql/macros.sql`, which a loading connection creates first.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from flow_pipeline.domain.chains import CHAINS, family_of
from flow_pipeline.domain.sql import statements
from flow_pipeline.sources.files import InputFile

sql = statements(__package__)


def _canonical_chain() -> str:
    """Case expression from a chain's name or alias to its canonical name, as `canonical_chain` of domain.chains."""
    names = " ".join(f"when name = {literal(chain.name)} then name" for chain in CHAINS)
    aliases = " ".join(
        f"when lower(name) = {literal(alias)} then {literal(chain.name)}" for chain in CHAINS for alias in chain.aliases
    )
    return f"case {names} else case {aliases} else lower(name) end end"


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
    `is_failed` rejects the row as failed_transaction; `is_transfer` false means the row is fine but moves nothing.
    """

    chain: str
    timestamp: str
    from_address: str
    to_address: str
    amount: Amount
    block_number: str = "null"
    tx_hash: str = "null"
    transfer_index: str = "null"
    token_address: str = "null"
    token_symbol: str = "null"
    amount_usd: str = "null"
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
    """A column as a quoted identifier, `null` when there is none."""
    return "null" if column is None else '"' + column.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def text_of(file: InputFile, column: str | None) -> str:
    """A column as trimmed text, empty as NULL. Parquet text is not trimmed."""
    if column is None:
        return "null::varchar"
    name = quoted(column)
    return (
        f"nullif({name}, '')" if file.kind == "parquet" and file.type_of(column) == "VARCHAR" else f"flow_text({name})"
    )


def integer_of(file: InputFile, column: str | None) -> str:
    """A column as BIGINT, NULL where it is none (an index like `1_2` is no integer)."""
    return "null::bigint" if column is None else f"try_cast({text_or_number(file, column)} as bigint)"


def text_or_number(file: InputFile, column: str) -> str:
    """A column for casting: trimmed text, or the number itself."""
    return text_of(file, column) if file.type_of(column) == "VARCHAR" else quoted(column)


def timestamp_of(file: InputFile, column: str) -> str:
    """A column as UTC TIMESTAMP: native times, epochs in s, ms, µs or ns, ISO 8601 with or without an offset."""
    kind, name = file.type_of(column), quoted(column)
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {name})"
    if kind.startswith("TIMESTAMP") or kind == "DATE":
        return f"{name}::timestamp"
    if "INT" in kind:
        return f"flow_epoch(try_cast({name} as bigint))"
    return f"flow_time({text_or_number(file, column)}::varchar)"


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
        too_large = f"when {name} >= 1_000_000_000_000_000_000 then 'amount_out_of_range'"
        reason = f"case when {name} < 0 then 'negative_amount' {too_large} end"
        return Amount(f"try_cast({name} as decimal(38, 18))", reason, name)
    if kind in ("DOUBLE", "FLOAT"):
        no_number = f"when isnan({name}) or isinf({name}) then 'bad_amount'"
        too_large = f"when {name} >= 1e18 then 'amount_out_of_range'"
        reason = f"case {no_number} when {name} < 0 then 'negative_amount' {too_large} end"
        return Amount(f"flow_units({name}::varchar)", reason, name)
    text = text_of(file, column) if kind == "VARCHAR" else f"{name}::varchar"
    if has_separators:
        text = f"replace({text}, ',', '')"
    return Amount(f"flow_units({text})", f"flow_units_reason({text})", text)


def base_units(text: str, decimals: str, looks_up: bool = False) -> Amount:
    """An integer amount in base units; `decimals` is an SQL expression, `null` where unknown."""
    return Amount(f"flow_base_units({text}, {decimals})", f"flow_base_reason({text}, {decimals})", text, looks_up)


def known_decimals(chain: str, token_address: str, token_symbol: str) -> str:
    """Decimals from the token file: by (chain, address), else by (chain, symbol) where the source has no address."""
    token = f"coalesce(lower({token_address}), {token_symbol})"
    return f"(select max(d.decimals) from token_decimals as d where d.chain = {chain} and d.token = {token})"


MACROS = sql("macros", canonical_chain=_canonical_chain())
"""Statements that create the macros which sources call; a loading connection runs them."""
