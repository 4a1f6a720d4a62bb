"""How answers look on pages: tables whose cells know what they are and lead to what they name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import quote, urlencode

from flow_pipeline.domain.text import harmless, sized
from flow_pipeline.questions.rows import Rows
from flow_pipeline.reports.page import in_words, is_number

ADDRESSES = ("address", "from_address", "to_address", "wallet", "source_address", "destination_address", "counterparty")
ENTITIES = ("entity", "exchange", "scope", "from_entity", "to_entity")
_ALWAYS = datetime(1970, 1, 1)
"""Since when labels hold that say no time."""
_NAMED_BY = {"title": "alert_id", "typology": "finding_id"}
"""Columns that say in words what an id of their row names."""
_SENTENCES = ("title", "reason")
"""Columns of long text, which breaks wherever it has to: an address in it is wider than a phone."""
_SEVERITIES = ("CRITICAL", "HIGH", "MEDIUM", "LOW")


@dataclass(frozen=True)
class Cell:
    """A cell: its text, whole text where that is shortened, where it leads, and its kind as a class of the page."""

    text: str
    whole: str = ""
    href: str = ""
    kind: str = ""

    def as_kind(self, kind: str) -> Cell:
        """The same cell, of a kind where it has none of its own."""
        return self if self.kind or not kind else replace(self, kind=kind)

    def leading_to(self, href: str) -> Cell:
        """The same cell as a link."""
        return replace(self, href=href)

    def searching(self) -> Cell:
        """The same cell as a link to what its text may mean."""
        return self.leading_to(f"/search?{urlencode({'q': self.whole or self.text})}")


@dataclass(frozen=True)
class Head:
    """The head of a column: its words and whether numbers stand below."""

    text: str
    kind: str = ""


@dataclass(frozen=True)
class Table:
    """A table of a page."""

    caption: str
    heads: list[Head]
    rows: list[list[Cell]]


def path(*parts: str) -> str:
    """A path on this server, whatever its parts hold."""
    return "/" + "/".join(quote(part, safe="") for part in parts)


def address_path(chain: str, address: str) -> str:
    """Where the page of an address is."""
    return path("addresses", chain, address)


def entity_path(chain: str, entity: str) -> str:
    """Where the page of an entity is."""
    return path("entities", chain, entity)


def short(text: str) -> str:
    """An address or a hash by its ends."""
    return text if len(text) <= 16 else f"{text[:8]}…{text[-6:]}"


def table(
    found: Rows | Iterable[Mapping[str, Any]],
    columns: Mapping[str, str],
    caption: str = "",
    chain: str | None = None,
) -> Table:
    """Rows as a table of a page.

    Args:
        found: Rows of a question.
        columns: Those that are shown, with the words of their heads; not those that are empty or false in every row.
        caption: Of the table.
        chain: Of rows that do not say theirs.
    """
    if isinstance(found, Rows):
        found = [dict(zip(found[0], row, strict=True)) for row in found[1]]
    rows = list(found)
    kept = [name for name in columns if not rows or any(_says_something(row.get(name)) for row in rows)]
    numbers = [name for name in kept if any(is_number(row.get(name)) for row in rows)]
    heads = [Head(columns[name], "number" if name in numbers else "") for name in kept]
    kinds = {name: "number" if name in numbers else "what" if name in _SENTENCES else "" for name in kept}
    cells = [[cell(name, row.get(name), row, chain).as_kind(kinds[name]) for name in kept] for row in rows]
    return Table(caption, heads, cells)


def _says_something(value: Any) -> bool:
    return value is not None and value is not False


def cell(name: str, value: Any, row: Mapping[str, Any], chain: str | None = None) -> Cell:
    """A value of a column as a cell.

    Args:
        name: Of the column.
        value: Its value.
        row: The whole row, which may say the chain.
        chain: Where the row does not.
    """
    own = row.get("chain")
    place = str(own) if own and own != "*" else chain
    if value is None:
        return Cell("–")
    if name in ("finding_id", "alert_id", "case_id"):
        return Cell(str(value), href=_page_of(name, value), kind="hash")
    if name in _NAMED_BY and row.get(_NAMED_BY[name]) is not None:
        # On a phone the id stands beyond the edge.
        return Cell(harmless(str(value)), href=_page_of(_NAMED_BY[name], row[_NAMED_BY[name]]))
    if name in ADDRESSES:
        text = harmless(str(value))
        return Cell(short(text), text, address_path(place, str(value)) if place else "", "hash")
    if name == "tx_hash":
        text = harmless(str(value))
        return Cell(short(text), text, path("transactions", place, str(value)) if place else "", "hash")
    if name in ENTITIES and isinstance(value, str):
        return Cell(harmless(value), href=entity_path(place, value) if place and value != "all" else "")
    if name in ("severity", "risk_category") and value in _SEVERITIES:
        return Cell(str(value), kind=f"tag {value}")
    if value == _ALWAYS:
        return Cell("always", kind="time")
    if isinstance(value, datetime | date):
        return Cell(in_words(value) if isinstance(value, datetime) else value.isoformat(), kind="time")
    if isinstance(value, Decimal):  # exact ones are evidence
        return Cell(sized(value), format(value, "f"), kind="number")
    if isinstance(value, int | float) and not isinstance(value, bool):
        share = f"{value:.1%}" if "share" in name.split("_") else in_words(value)
        return Cell(share, str(value), kind="number")
    return Cell(in_words(value))


def _page_of(name: str, value: Any) -> str:
    """Where the page is of what an id names."""
    return path(f"{name.removesuffix('_id')}s", str(value))


def facts(row: Mapping[str, Any], names: Mapping[str, str], chain: str | None = None) -> list[tuple[str, Cell]]:
    """Some values of a row with their words, those that it has."""
    return [(words, cell(name, row[name], row, chain)) for name, words in names.items() if row.get(name) is not None]
