"""The page of a report: its parts, and how they and their values are shown as HTML and Markdown."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from flow_pipeline.domain.markdown import plain, row
from flow_pipeline.domain.text import harmless


@dataclass(frozen=True)
class Number:
    """A number of a sentence and the query that gives it."""

    value: Any
    query: str


Words = list[str | Number]
"""A sentence."""


@dataclass(frozen=True)
class Table:
    """Rows of a query; `total` counts what the query gives in all when the page shows fewer."""

    query: str
    title: str
    columns: list[str]
    rows: list[tuple[Any, ...]]
    total: int

    def with_values(self) -> Table:
        """The columns that have a value in some row, where there are rows."""
        kept = [n for n in range(len(self.columns)) if any(row[n] is not None for row in self.rows) or not self.rows]
        rows = [tuple(row[n] for n in kept) for row in self.rows]
        return replace(self, columns=[self.columns[n] for n in kept], rows=rows)


@dataclass(frozen=True)
class Picture:
    """A chart: its file name, caption, and SVG for wide and (where it differs) narrow pages.

    `fixed` ones keep their own light paper. `failure` says why there is no chart.
    """

    name: str
    title: str
    wide: str
    narrow: str = ""
    fixed: bool = False
    query: str = ""
    failure: str = ""


@dataclass
class Part:
    """A part of the report."""

    key: str
    title: str
    words: list[Words] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    grid: list[Picture] = field(default_factory=list)
    findings: list[tuple[str, Picture, Table]] = field(default_factory=list)


def render(template: str, values: dict[str, Any]) -> str:
    """A template of this room with its values."""
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("flow_pipeline.reports", "templates"),
        autoescape=template.endswith("html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters |= {"show": in_words, "plain": plain, "cells": row, "is_number": is_number}
    environment.globals |= {"is_link": lambda value: isinstance(value, Number)}
    return environment.get_template(template).render(values)


def is_number(value: Any) -> bool:
    """True for what stands on the right of a cell."""
    return isinstance(value, int | float | Decimal) and not isinstance(value, bool)


def in_words(value: Any) -> str:
    """A value for people: thousands separated, no decimals from 100,000 on, two from 100, else four digits.

    Below 0.0001 a number has an exponent.
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        number = float(value)
        return (
            f"{number:,.0f}"
            if abs(number) >= 100_000
            else f"{number:,.2f}"
            if abs(number) >= 100
            else f"{number:.4g}"
            if abs(number) >= 0.0001 or not number
            else f"{number:.2e}"
        )
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, list):
        return ", ".join(map(in_words, value)) or "–"
    return json.dumps(value) if isinstance(value, dict) else harmless(str(value))
