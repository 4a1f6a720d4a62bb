"""Rows of somebody's own table as rows of a stream: which column is what, in the words of the vocabulary.

What lives here: columns by name or by the map of the settings, and what a row says of itself that makes it no
transfer. What must not: where rows come from; evidence from values, which a stream has not yet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from flow_pipeline.domain.chains import canonical_chain
from flow_pipeline.domain.errors import FlowError
from flow_pipeline.live.rows import TEXTS
from flow_pipeline.settings import SourceSettings
from flow_pipeline.sources import vocabulary as words
from flow_pipeline.sources.files import plain
from flow_pipeline.sources.maps import FIELDS

_PLACES = {
    "block_number": "block_number",
    "time": "time_text",
    "transaction_index": "transaction_index",
    "tx_hash": "tx_hash",
    "log_index": "transfer_index",
    "token_address": "token_address",
    "token_symbol": "token_symbol",
    "from": "from_text",
    "to": "to_text",
    "coins": "amount",
    "base": "base_amount",
    "decimals": "decimals",
    "amount_usd": "amount_usd",
}
"""Column of `TEXTS` per field of the vocabulary."""
_JUDGES = ("success", "failure", "error", "removed", "kind", "nft")
_NEEDED = {"sender": ("from",), "receiver": ("to",), "time": ("time",), "amount": ("coins", "base")}


@dataclass(frozen=True)
class Columns:
    """Which column of a table is what.

    Attributes:
        places: Column of the table per column of `TEXTS`.
        chain: The column that names a row's chain, where there is one.
        judges: Columns per field that say whether a row is a transfer.
        constants: What holds for every row, per column of `TEXTS`.
    """

    places: Mapping[str, str]
    chain: str | None
    judges: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str]

    @property
    def used(self) -> tuple[str, ...]:
        """Every column that is read, each once."""
        chain = () if self.chain is None else (self.chain,)
        judges = (name for names in self.judges.values() for name in names)
        return tuple(dict.fromkeys((*self.places.values(), *chain, *judges)))


def columns_of(names: Sequence[str], table: str, settings: SourceSettings) -> Columns:
    """The columns of a table by their names, or by the map of the settings.

    Args:
        names: All columns.
        table: The table, for refusals.
        settings: Map, and what a column `value` counts.

    Raises:
        FlowError: a transfer needs something that no column gives, or it is open what the amounts count.
    """
    told = {FIELDS[name]: column for name, column in settings.map.columns.items()} if settings.map else {}
    found: dict[str, str] = {}
    for field in (*_PLACES, "value", "chain"):
        name = told.get(field) or _first(names, words.COLUMNS[field])
        if name is not None and name in names:
            found[field] = name
    if told.keys() & {"coins", "base", "value"}:
        found = {
            field: name for field, name in found.items() if field not in ("coins", "base", "value") or field in told
        }
    if "coins" not in found and "base" not in found and "value" in found:
        found[_unit(found, table, settings)] = found["value"]
    if "coins" in found:
        found.pop("base", None)
    lacks = [what for what, fields in _NEEDED.items() if not any(field in found for field in fields)]
    if lacks:
        shown = ", ".join(names[:12]) + (" …" if len(names) > 12 else "")
        raise FlowError(
            f"{table}: no column for {', '.join(lacks)} among {shown}",
            "name the columns in [sources.map] of the settings, as `netraflow inspect --write-map` drafts it",
        )
    constants = settings.map.constants.as_text() if settings.map else {}
    judges = {
        field: tuple(name for name in names if plain(name) in {plain(one) for one in words.COLUMNS[field]})
        for field in _JUDGES
    }
    return Columns(
        {place: found[field] for field, place in _PLACES.items() if field in found},
        found.get("chain"),
        {field: columns for field, columns in judges.items() if columns},
        {name: text for name, text in constants.items() if name in TEXTS.names},
    )


def rows_of(table: pa.Table, columns: Columns, chain: str) -> tuple[pa.Table, list[str | None]]:
    """A table's rows as rows of a stream.

    Args:
        table: All columns as text, those of `columns.used` at least.
        columns: Which is what.
        chain: The chain that is followed.

    Returns:
        Columns of `TEXTS`, and per row why it is no transfer of the chain, None where it may be one.
    """
    count = table.num_rows
    made = {"source_row": pa.array(range(count), pa.int64())}
    reasons: list[str | None] = [None] * count
    for kind in list(TEXTS)[1:]:
        if kind.name in columns.places:
            texts = table.column(columns.places[kind.name])
        else:
            texts = pa.chunked_array([pa.array([columns.constants.get(kind.name)] * count, pa.string())])
        if pa.types.is_integer(kind.type):
            is_whole = pc.match_substring_regex(texts, r"^-?[0-9]{1,18}$")
            for place in _places(pc.invert(is_whole)):
                reasons[place] = f"its {kind.name} is no whole number"
            texts = pc.if_else(is_whole, texts, None)
        made[kind.name] = texts.cast(kind.type)
    for field, names in columns.judges.items():
        for name in names:
            texts = pc.dictionary_encode(table.column(name)).combine_chunks()
            said = [_against(field, text) for text in texts.dictionary.to_pylist()]
            if any(said):
                for place, index in enumerate(texts.indices.to_pylist()):
                    if index is not None and said[index]:
                        reasons[place] = f"column {name}: {said[index]}"
    if columns.chain is not None:
        for place, name in enumerate(table.column(columns.chain).to_pylist()):
            if name is not None and canonical_chain(name) != chain:
                reasons[place] = f"it is of chain {canonical_chain(name)[:80]}, and {chain} is followed"
    return pa.table(made, schema=TEXTS), reasons


def _places(mask: pa.ChunkedArray) -> list[int]:
    return list(pc.indices_nonzero(pc.fill_null(mask, False)).to_pylist())


def _first(names: Sequence[str], spellings: Sequence[str]) -> str | None:
    by_word = {plain(name): name for name in reversed(names)}
    return next((by_word[word] for one in spellings if (word := plain(one)) in by_word), None)


def _unit(found: Mapping[str, str], table: str, settings: SourceSettings) -> str:
    """Whether a column `value` counts coins or base units.

    Raises:
        FlowError: nothing says it; a stream has no whole column to decide by.
    """
    told = settings.map.constants.unit if settings.map else None
    unit = told or (settings.value_unit if settings.value_unit != "auto" else None)
    if unit is None and ("decimals" in found or (settings.map and settings.map.constants.decimals is not None)):
        unit = "base"
    if unit is None:
        raise FlowError(
            f"{table}: column {found['value']} may count coins or base units",
            "say which with sources.value_unit (token or base)",
        )
    return "coins" if unit == "token" else "base"


def _against(field: str, text: str) -> str | None:
    """What the value of a column says against its row being a transfer; None for nothing."""
    word = text.strip().lower()
    if field == "success":
        is_fine = word in words.SUCCEEDED | words.EMPTY
        return None if is_fine else f"its transaction is said to be `{word[:40]}`"
    if field in ("failure", "removed"):
        return None if word in words.NO | words.EMPTY else f"`{word[:40]}`"
    if field == "error":
        return None if word in words.NO_ERROR else f"its transaction failed: `{word[:40]}`"
    if field == "nft":
        return None if word in words.EMPTY else "it moves a thing, not coins"
    return f"`{word[:40]}` moves no coins" if word in words.NFT | words.APPROVAL | words.NO_MOVE else None
