"""What a report asks of the published file: every query is kept with its values in it, so that a reader can run it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flow_pipeline.domain.sql import statements
from flow_pipeline.domain.text import harmless
from flow_pipeline.reports import charts
from flow_pipeline.reports.drawing import ChartFailed, Painter
from flow_pipeline.reports.page import Number, Picture, Table
from flow_pipeline.settings import Settings
from flow_pipeline.warehouse.store import Connection

if TYPE_CHECKING:
    import pandas as pd

NARROW = 330
_HEAD = re.compile(r"\A(?:--.*\n)+")
_VALUE = re.compile(r"\$(\w+)")

sql = statements(__package__)


def with_values(statement: str, values: Mapping[str, Any]) -> str:
    """A statement as one runs it by hand: without its head, each `$value` as a literal.

    Args:
        statement: Text of a file of this room.
        values: At least the values that it takes.
    """
    return _VALUE.sub(lambda found: _literal(values[found[1]]), _HEAD.sub("", statement)).strip()


def _literal(value: Any) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    return f"date '{value}'" if isinstance(value, date) else str(value)


class Builder:
    """Asks the published file about the days of a report, keeps every query that it asks, and draws charts."""

    def __init__(
        self, connection: Connection, settings: Settings, first: date, last: date, files: Path, painter: Painter
    ) -> None:
        self.connection, self.settings, self.files, self.painter = connection, settings, files, painter
        self.first_day, self.last_day = first, last
        self.when = f"on {last}" if first == last else f"from {first} to {last}"
        self.queries: dict[str, tuple[str, str]] = {}

    def query(self, key: str, title: str, name: str, **values: Any) -> str:
        """The statement `name` for the days of the report, kept under its key."""
        text = with_values(sql(name), {"first_day": self.first_day, "last_day": self.last_day, **values})
        self.queries[key] = title, text
        return text

    def table(self, name: str, title: str, key: str = "", **values: Any) -> Table:
        """The first rows of a statement, of its columns those with a value; without a key it is kept by its name."""
        return self._asked(name, title, key, **values).with_values()

    def first(self, name: str, title: str) -> dict[str, Any] | None:
        """The first row of a statement, by column; None without rows."""
        table = self._asked(name, title)
        return dict(zip(table.columns, table.rows[0], strict=True)) if table.rows else None

    def _asked(self, name: str, title: str, key: str = "", **values: Any) -> Table:
        """The first rows of a statement; without a key it is kept as its name says, `report_` left out."""
        key = key or name.removeprefix("report_")
        found = self.connection.execute(self.query(key, title, name, **values))
        columns = [column[0] for column in found.description or ()]
        rows = found.fetchall()
        return Table(key, title, columns, rows[: self.settings.reports.rows], len(rows))

    def numbers(self, name: str, title: str) -> dict[str, Number]:
        """The one row of a statement, by column."""
        table = self._asked(name, title)
        return {column: Number(value, table.query) for column, value in zip(table.columns, table.rows[0], strict=True)}

    def series(self, key: str, title: str, scope_type: str, most: int) -> list[pd.DataFrame]:
        """Daily series with their bands, one frame each, over the days that charts show."""
        values = charts.series_values(scope_type, most, self.last_day, self.settings.reports.days)
        rows = self.connection.execute(self.query(key, title, "chart_series", **values)).df()
        return [frame for _, frame in rows.groupby("place")]

    def picture(
        self,
        name: str,
        make: Callable[[], Any],
        title: str,
        query: str,
        sizes: tuple[int | None, int | None] = (None, None),
        narrow: bool = True,
        fixed: bool = False,
    ) -> Picture:
        """A chart for the page, and as PNG and SVG in the report's folder; one that fails is said in its place.

        `make` gives the chart. Without `narrow` one size serves every page; a `fixed` chart keeps its own paper.
        """
        draw = self.painter.draw
        try:
            chart = make()
            whole = draw(lambda: chart.to_dict(validate=False), png=True)
            wide = charts.with_own_ids(draw(lambda: charts.embedded(chart, *sizes)).svg, name)
            small = ""
            if narrow and not fixed:
                small = charts.with_own_ids(draw(lambda: charts.embedded(chart, NARROW - 60, 180)).svg, f"{name}-n")
        except ChartFailed as failure:
            return Picture(name, title, "", "", fixed, query, str(failure))
        except Exception as error:
            # Whatever a chart's description stumbles over in the data is that chart's failure, not the report's.
            return Picture(name, title, "", "", fixed, query, harmless(f"{type(error).__name__}: {error}", 300))
        (self.files / f"{name}.svg").write_text(whole.svg, encoding="utf-8")
        (self.files / f"{name}.png").write_bytes(whole.png)
        return Picture(name, title, wide, small, fixed, query)
