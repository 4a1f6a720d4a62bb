"""Messages of streams: a batch of transfers as JSON or Arrow, a change of a table as Debezium writes it.

What lives here: the published format and its reading; a message fits in whole or is refused with the reason. What must
not: brokers, positions, what a refusal leads to. Read more: docs/live.md, Streams.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from importlib.resources import files
from typing import Any

import orjson
import pyarrow as pa

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.domain.text import harmless
from flow_pipeline.live.rows import JUDGED, TEXTS, Rules
from flow_pipeline.live.tables import Columns, columns_of, rows_of
from flow_pipeline.nodes import TRANSFERS, Block

EXAMPLE: dict[str, Any] = {
    "chain": "ethereum",
    "block": 22_400_000,
    "hash": "0x6f1f1fb1b0c3f3ab27b4ba1ba5ed2f9b0d2a5c3c9d6b7c5c9d8f0b0f6f9d3a11",
    "parent": "0x0a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e3f2a1b0c9d8e7f6a5b4c3d2e1f0a9b",
    "timestamp": "2025-05-03T10:00:11Z",
    "transfers": [
        {
            "transaction_index": 4,
            "tx_hash": "0x1d2c3b4a5f6e7d8c9b0a1f2e3d4c5b6a7f8e9d0c1b2a3f4e5d6c7b8a9f0e1d2c",
            "transfer_index": 12,
            "token_address": "0xdac17f958d2ee523a2206206994597c13d831ec7",
            "token_symbol": "USDT",
            "from_address": "0x1111111111111111111111111111111111111111",
            "to_address": "0x2222222222222222222222222222222222222222",
            "amount": "2500.75",
        }
    ],
}
"""A message as the page on streams shows it."""

_OF_ROWS = {
    "block_number": "block_number",
    "block_timestamp": "time_text",
    "transaction_index": "transaction_index",
    "tx_hash": "tx_hash",
    "transfer_index": "transfer_index",
    "token_address": "token_address",
    "token_symbol": "token_symbol",
    "from_address": "from_text",
    "to_address": "to_text",
    "amount": "amount",
    "amount_usd": "amount_usd",
}
"""Column of `TEXTS` per key of a transfer in a message."""
_NEEDED = {"from_address", "to_address", "amount"}
_OF_BLOCKS = {"block_number", "block_timestamp"}
_OF_MESSAGES = {"chain", "block", "hash", "parent", "timestamp", "transfers", "safe", "final", "fall"}
_NUMBERS = ("block", "safe", "final", "fall")
_MAX = 2**63 - 1


class Misfit(Exception):
    """Why a message does not fit."""


@dataclass(frozen=True)
class Message:
    """What a message says.

    Attributes:
        block: The block it is of; None for none.
        transfers: Columns of `nodes.TRANSFERS`.
        fall: Every block above this number fell; None where it says nothing of it.
        safe: Up to here blocks are unlikely to fall; None where it says nothing of it.
        final: Up to here they can not.
    """

    block: Block | None
    transfers: pa.Table
    fall: int | None = None
    safe: int | None = None
    final: int | None = None


@dataclass(frozen=True)
class _Parsed:
    """A message before its rows are judged."""

    head: Mapping[str, Any]
    rows: pa.Table
    reason: str | None = None


def schema_text() -> str:
    """The JSON Schema of a message, as it is shipped."""
    return files(__package__).joinpath("schemas", "batch.schema.json").read_text(encoding="utf-8")


class Reader:
    """Reads messages of one chain."""

    def __init__(self, rules: Rules) -> None:
        self.rules = rules
        self._columns: dict[tuple[str, ...], Columns] = {}

    def read(self, bodies: Sequence[bytes]) -> list[Message | Misfit]:
        """What messages say, in their order; the reason for each that does not fit.

        Args:
            bodies: Messages that came together. To read them at once is cheaper than one by one.
        """
        parsed = [self._parsed(body) for body in bodies]
        fitting = [one for one in parsed if isinstance(one, _Parsed)]
        judged = self._judged([one.rows for one in fitting])
        times = iter(self.rules.times([_text_of_time(one.head.get("timestamp")) for one in fitting]))
        made: list[Message | Misfit] = []
        place = 0
        for one in parsed:
            if isinstance(one, Misfit):
                made.append(one)
                continue
            rows = judged.slice(place, one.rows.num_rows)
            place += one.rows.num_rows
            try:
                made.append(_message(one, rows, next(times)))
            except Misfit as misfit:
                made.append(misfit)
        return made

    def _judged(self, tables: list[pa.Table]) -> pa.Table:
        rows = pa.concat_tables([TEXTS.empty_table(), *tables])
        if not rows.num_rows:
            return JUDGED.empty_table()
        return self.rules.judge(rows.set_column(0, TEXTS.field(0), pa.array(range(rows.num_rows), pa.int64())))

    def _parsed(self, body: bytes) -> _Parsed | Misfit:
        try:
            if body[:4] == b"\xff\xff\xff\xff":
                return self._of_arrow(body)
            return self._of_json(body)
        except Misfit as misfit:
            return misfit
        except (pa.ArrowException, OverflowError, UnicodeError, RecursionError) as error:
            return Misfit(harmless(str(error).split("\n")[0], 200))

    def _of_json(self, body: bytes) -> _Parsed:
        said = _object(body, orjson.loads)
        change = said["payload"] if "payload" in said and "schema" in said else said
        if isinstance(change, dict) and "op" in change and "transfers" not in change:
            after = change.get("after")
            if isinstance(after, dict) and any(value.__class__ is float for value in after.values()):
                said = _object(body, _exactly)
                change = said["payload"] if "payload" in said and "schema" in said else said
            return self._of_change(change, said.get("schema"))
        self._check_head(said)
        rows = said.get("transfers", [])
        if not isinstance(rows, list) or not all(row.__class__ is dict for row in rows):
            raise Misfit("transfers is no list of objects")
        if any(row.get(name).__class__ is float for row in rows for name in ("amount", "amount_usd")):
            # A float has lost what its text said: numbers are read again as they are written.
            rows = _object(body, _exactly)["transfers"]
        _check_keys(set().union(*rows), set.intersection(*map(set, rows)) if rows else _NEEDED, said.get("block"))
        return _Parsed(said, _texts_of(rows, said))

    def _of_arrow(self, body: bytes) -> _Parsed:
        table = pa.ipc.open_stream(pa.py_buffer(body)).read_all()
        table.validate(full=True)
        words = {key.decode(): value.decode() for key, value in (table.schema.metadata or {}).items()}
        head: dict[str, Any] = {key: value for key, value in words.items() if key in _OF_MESSAGES - {"transfers"}}
        for name in _NUMBERS:
            if name in head:
                if not head[name].removeprefix("-").isdecimal():
                    raise Misfit(f"{name} is no whole number")
                head[name] = int(head[name])
        self._check_head({**head, "transfers": []} if table.num_rows or "block" in head else head)
        names = table.column_names
        if len(set(names)) < len(names):
            raise Misfit("a column stands twice")
        if table.num_rows:
            _check_keys(set(names), set(names), head.get("block"))
        made: dict[str, Any] = {}
        for name, place in _OF_ROWS.items():
            if name in names:
                made[place] = _text_column(name, table.column(name), TEXTS.field(place).type)
        return _Parsed(head, _filled(made, table.num_rows, head))

    def _of_change(self, change: Mapping[str, Any], schema: Any) -> _Parsed:
        """The row that a change of a table brought."""
        if change["op"] not in ("c", "r"):
            what = {"u": "an update", "d": "a delete", "t": "a truncation"}.get(str(change["op"]), "no row")
            raise Misfit(f"it is {what}: transfers are added and never changed")
        after = change.get("after")
        if not isinstance(after, dict):
            raise Misfit("after is no object")
        row = {name: _plain_value(value) for name, value in after.items()} | _decimals_of(schema, after)
        key = tuple(row)
        if key not in self._columns:
            if len(self._columns) > 1000:
                self._columns.clear()
            try:
                self._columns[key] = columns_of(key, "the table", self.rules.settings.sources)
            except FlowError as refusal:
                raise Misfit(f"{refusal.message}; {refusal.hint}") from None
        columns = self._columns[key]
        table = pa.table({name: pa.array([row[name]], pa.string()) for name in columns.used})
        rows, (reason,) = rows_of(table, columns, self.rules.chain)
        return _Parsed({}, rows, reason)

    def _check_head(self, said: Mapping[str, Any]) -> None:
        """Refuse what is not in the schema.

        Raises:
            Misfit: says what it is.
        """
        if unknown := sorted(said.keys() - _OF_MESSAGES):
            raise Misfit(f"unknown key {harmless(unknown[0], 80)}")
        for name in _NUMBERS:
            value = said.get(name)
            lowest = -1 if name == "fall" else 0
            if value is not None and (value.__class__ is not int or not lowest <= value <= _MAX):
                raise Misfit(f"{name} is no whole number from {lowest} on")
        for name in ("chain", "hash", "parent"):
            value = said.get(name)
            if value is not None and (value.__class__ is not str or not value):
                raise Misfit(f"{name} is no text")
        chain = said.get("chain")
        if chain is not None and canonical_chain(chain) != self.rules.chain:
            raise Misfit(f"it is of chain {harmless(canonical_chain(chain), 80)}, and {self.rules.chain} is followed")
        if said.get("timestamp").__class__ not in (str, int, type(None)):
            raise Misfit("timestamp is no time")
        if said.get("block") is not None:
            if lacks := [name for name in ("hash", "timestamp", "transfers") if said.get(name) is None]:
                raise Misfit(f"it has a block and no {lacks[0]}")
            if said.get("fall") is not None:
                raise Misfit("a message is of a block or says that blocks fell, not both")
        elif said.get("hash") is not None or said.get("parent") is not None:
            raise Misfit("it has a hash and no block")
        elif not said.keys() & {"transfers", "fall", "safe", "final"}:
            raise Misfit("it says nothing: no transfers, fall, safe or final")
        if said.get("fall") is not None and said.get("transfers"):
            raise Misfit("a message has transfers or says that blocks fell, not both")


def _exactly(body: bytes) -> Any:
    """JSON whose numbers with a point stay the text that they are."""
    return json.loads(body, parse_float=str)


def _object(body: bytes, loads: Callable[[bytes], Any]) -> dict[str, Any]:
    if not body:
        raise Misfit("it is empty")
    try:
        said = loads(body)
    except ValueError as error:
        raise Misfit(f"it is neither JSON nor Arrow: {harmless(str(error), 120)}") from None
    if not isinstance(said, dict):
        raise Misfit("it is no JSON object")
    return said


def _check_keys(all_keys: set[str], every: set[str], block: int | None) -> None:
    """Refuse rows with a key that is not known, or without one that each needs.

    Raises:
        Misfit: names the key.
    """
    if unknown := sorted(all_keys - _OF_ROWS.keys()):
        raise Misfit(f"unknown key {harmless(unknown[0], 80)} in a transfer")
    if lacks := sorted(_NEEDED - every):
        raise Misfit(f"a transfer has no {lacks[0]}")
    if block is not None and (twice := sorted(all_keys & _OF_BLOCKS)):
        raise Misfit(f"a transfer has {twice[0]}, which the message's block says")


def _texts_of(rows: list[dict[str, Any]], head: Mapping[str, Any]) -> pa.Table:
    """Transfers of a message as columns; a value of another type than the schema's is an error of Arrow."""
    made: dict[str, Any] = {}
    for name, place in _OF_ROWS.items():
        values = [row.get(name) for row in rows]
        if name in ("amount", "amount_usd", "block_timestamp"):
            values = [str(value) if value.__class__ is int else value for value in values]
        try:
            made[place] = pa.array(values, TEXTS.field(place).type)
        except (pa.ArrowException, OverflowError):
            raise Misfit(f"{name} is not of its type in every transfer") from None
    return _filled(made, len(rows), head)


def _filled(made: dict[str, Any], count: int, head: Mapping[str, Any]) -> pa.Table:
    """All columns of `TEXTS`; block and time of the message hold for rows that have none of their own."""
    block, time = head.get("block"), _text_of_time(head.get("timestamp"))
    usual = {"block_number": block, "time_text": time}
    for kind in TEXTS:
        given = made.get(kind.name)
        if given is None:
            made[kind.name] = pa.array([usual.get(kind.name)] * count, kind.type)
        elif kind.name in usual and given.null_count and usual[kind.name] is not None:
            made[kind.name] = given.fill_null(pa.scalar(usual[kind.name], kind.type))
    return pa.table(made, schema=TEXTS)


def _text_of_time(value: Any) -> str | None:
    return None if value is None else str(value)


def _text_column(name: str, column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    """A column of an Arrow message as `TEXTS` has it.

    Raises:
        Misfit: its type holds no exact value, or another kind of value.
    """
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    kind = column.type
    if wanted == pa.int64():
        if not pa.types.is_integer(kind) and not pa.types.is_null(kind):
            raise Misfit(f"column {name} is of type {kind}, not of whole numbers")
        return column.cast(wanted)
    if pa.types.is_timestamp(kind) and name == "block_timestamp":
        return column.cast(pa.timestamp("us", "UTC"), safe=False).cast(pa.timestamp("us")).cast(wanted)
    is_number = pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    is_text = pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_null(kind)
    if not (is_text or (is_number and name in ("amount", "amount_usd", "block_timestamp"))):
        raise Misfit(f"column {name} is of type {kind}")
    return column.cast(wanted)


def _message(parsed: _Parsed, rows: pa.Table, time: int | None) -> Message:
    """The message, once its rows are judged.

    Raises:
        Misfit: a row is no transfer, or the block's time is none.
    """
    head, reasons = parsed.head, rows.column("reason")
    if parsed.reason:
        raise Misfit(parsed.reason)
    if reasons.null_count < len(reasons):
        place, reason = next((place, one) for place, one in enumerate(reasons.to_pylist(), 1) if one)
        raise Misfit(f"transfer {place}: {reason}")
    if head.get("timestamp") is not None and time is None:
        raise Misfit("timestamp is no time")
    block = None
    if head.get("block") is not None:
        parent = head.get("parent")
        assert time is not None
        block = Block(head["block"], head["hash"].lower(), parent.lower() if parent else None, time)
    transfers = rows.drop_columns(["source_row", "reason"]).cast(TRANSFERS)
    return Message(block, transfers, head.get("fall"), head.get("safe"), head.get("final"))


def _plain_value(value: Any) -> str | None:
    """A value of a changed row as text."""
    if value is None or isinstance(value, str):
        return value
    return str(value) if value.__class__ is int else json.dumps(value)


def _decimals_of(schema: Any, after: Mapping[str, Any]) -> dict[str, str]:
    """Amounts that are written as bytes, where the schema beside the row says so.

    Raises:
        Misfit: bytes that are no number.
    """
    found: dict[str, str] = {}
    for row in (schema or {}).get("fields", []) if isinstance(schema, dict) else []:
        if row.get("field") != "after":
            continue
        for field in row.get("fields", []):
            name, text = field.get("field"), after.get(field.get("field"))
            if field.get("type") != "bytes" or text is None:
                continue
            try:
                whole = int.from_bytes(base64.b64decode(text, validate=True), "big", signed=True)
                scale = int((field.get("parameters") or {}).get("scale", 0))
            except (ValueError, TypeError):
                raise Misfit(f"{name} is no number in bytes") from None
            sign, digits, _ = Decimal(whole).as_tuple()
            found[name] = f"{Decimal((sign, digits, -scale)):f}"
    return found
