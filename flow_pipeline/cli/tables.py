"""Tables on a terminal: the key and the answer first, nothing cut, what has no room named below.

What lives here: which columns a terminal has room for, heads with units. What must not: what the rows mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal

from flow_pipeline.domain.text import harmless, sized

TOKEN_UNITS = frozenset(
    {
        *("amount", "moved_amount", "total_amount", "inflow", "outflow", "netflow", "cross_in", "cross_out"),
        *("cross_exchange", "internal", "baseline_mean", "baseline_std", "excess", "surge_amount", "rank_median"),
        *("rank_deviation", "netflow_added"),
    }
)
"""Columns that count units of the row's token."""
_NOTHING = "–"
_SENTENCE = 40
"""Longer texts with spaces are sentences: they stand under their row."""
_ID = 24
"""Longer texts of letters and digits alone are addresses or hashes, which can be told by their ends."""
_WIDE = 100_000
_wide = ContextVar("wide", default=False)


@dataclass(frozen=True)
class Shape:
    """How the rows of a question look on a terminal.

    Attributes:
        first: Columns in the order in which they are given room; the others follow in their own order.
        hidden: Columns that only `--wide` shows.
        units: Head lines besides those that a column's name tells.
    """

    first: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    units: tuple[tuple[str, str], ...] = ()


PLAIN = Shape()


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    title: str = "",
    limit: int | None = None,
    shape: Shape = PLAIN,
    wide: bool | None = None,
) -> None:
    """A table for people; numbers to the right, sentences under their row, rows beyond the limit counted.

    Where the terminal is too narrow, first columns without a value are left out, then addresses and hashes are told by
    their ends, then what is the same in every row is said once, then columns are left out from the last on. Each is
    said below. A single row that does not fit stands as a list of its columns.

    Args:
        columns: Names.
        rows: Values in the order of the columns.
        title: A line above.
        limit: Most rows shown.
        shape: Which columns come first.
        wide: Everything, however wide; None as the command line says.
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    if not rows:
        print(harmless(f"{title}: none") if title else "none")
        return
    wide = is_wide() if wide is None else wide
    console = Console(width=_WIDE if wide else None)
    order = [columns.index(name) for name in shape.first if name in columns]
    order += [n for n in range(len(columns)) if n not in order]
    cells = [[pretty(value) for value in row] for row in rows[:limit]]
    is_number = [any(isinstance(row[n], int | float | Decimal) for row in rows[:50]) for n in range(len(columns))]
    shown = [n for n in order if wide or columns[n] not in shape.hidden]
    grid = _Grid(columns, cells, shown, dict(shape.units), is_number)
    if title:
        console.print(Text(harmless(title), style="bold"))
    if not wide:
        grid.fit(console.width)
    if not wide and len(cells) == 1 and grid.left_out:
        _print_list(console, columns, cells[0], order)
        return
    if grid.same:
        console.print(Text("in every row: " + ", ".join(f"{columns[n]} {grid.cells[0][n]}" for n in grid.same)))
    sentences = [] if wide else grid.sentences
    for n, line in enumerate(grid.lines(console)):
        console.print(line)
        if n == 0:
            console.print("─" * min(grid.width, console.width))
        else:
            for place in sentences:
                if cells[n - 1][place] != _NOTHING:
                    console.print(Padding(Text(cells[n - 1][place]), (0, 0, 0, 4)))
    console.print()
    if limit is not None and len(rows) > limit:
        console.print(f"… and {len(rows) - limit:,} more; --limit shows them")
    hidden = [] if wide else [name for name in columns if name in shape.hidden]
    if said := grid.said(hidden):
        console.print(Text(f"{said}; --wide shows all"))


def is_wide() -> bool:
    """Whether this call of the command asks for every column."""
    return _wide.get()


def show_wide(wide: bool) -> None:
    """Set for this call of the command whether its tables have every column."""
    _wide.set(wide)


class _Grid:
    """Which columns are shown, and how wide each is."""

    def __init__(
        self,
        columns: Sequence[str],
        cells: list[list[str]],
        order: Sequence[int],
        units: dict[str, str],
        is_number: list[bool],
    ) -> None:
        self.columns, self.cells, self._units = columns, [list(row) for row in cells], units
        self.is_number = is_number
        self.sentences = [n for n in order if any(_is_sentence(row[n]) for row in cells)]
        self.shown = [n for n in order if n not in self.sentences]
        self.empty: list[int] = []
        self.same: list[int] = []
        self.left_out: list[int] = []
        self.is_shortened = False

    @property
    def width(self) -> int:
        """Characters of a line."""
        return sum(map(self._column, self.shown)) + len(self.shown) - 1

    def fit(self, width: int) -> None:
        """Give up what people miss least until a line fits."""
        if self.width > width:
            self.empty = [n for n in self.shown if self.cells and all(row[n] == _NOTHING for row in self.cells)]
            self.shown = [n for n in self.shown if n not in self.empty]
        if self.width > width:
            shorter = [[shortened(value) for value in row] for row in self.cells]
            for n in self.shown:
                for row, short in zip(self.cells, shorter, strict=True):
                    self.is_shortened |= row[n] != short[n]
                    row[n] = short[n]
        if self.width > width and len(self.cells) > 1:
            self.same = [n for n in self.shown[1:] if len({row[n] for row in self.cells}) == 1]
            self.shown = [n for n in self.shown if n not in self.same]
        while self.width > width and len(self.shown) > 1:
            self.left_out.insert(0, self.shown.pop())
        for n in self.left_out:  # a narrower one may still have room
            if self.width + 1 + self._column(n) <= width:
                self.shown.append(n)
        self.left_out = [n for n in self.left_out if n not in self.shown]

    def lines(self, console: Any) -> list[Any]:
        """The head and a line per row, as rich tables of the same widths."""
        return [self._line([], with_heads=True), *(self._line([row]) for row in self.cells)]

    def said(self, hidden: Sequence[str]) -> str:
        """What the table does not show as it is."""
        parts = [f"without a value: {', '.join(self.columns[n] for n in self.empty)}"] if self.empty else []
        left_out = [*(self.columns[n] for n in self.left_out), *hidden]
        parts += [f"left out: {', '.join(left_out)}"] if left_out else []
        parts += ["addresses and hashes by their ends"] if self.is_shortened else []
        return "; ".join(parts)

    def _head(self, n: int) -> str:
        name = self.columns[n]
        unit = self._units.get(name, "(tokens)" if name in TOKEN_UNITS else "")
        return "\n".join([*name.split("_"), *([unit] if unit else [])])

    def _column(self, n: int) -> int:
        return max(*map(len, self._head(n).split("\n")), *(len(row[n]) for row in self.cells), 1)

    def _line(self, rows: Sequence[Sequence[str]], with_heads: bool = False) -> Any:
        from rich.table import Table
        from rich.text import Text

        line = Table(box=None, show_header=with_heads, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False)
        for n in self.shown:
            side: Literal["left", "right"] = "right" if self.is_number[n] else "left"
            line.add_column(
                Text(self._head(n)), justify=side, overflow="fold", width=self._column(n), vertical="bottom"
            )
        for row in rows:
            line.add_row(*(Text(row[n]) for n in self.shown))
        return line


def _print_list(console: Any, columns: Sequence[str], row: Sequence[str], order: Sequence[int]) -> None:
    """One row, a column per line."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, show_header=False, padding=(0, 1, 0, 0), pad_edge=False)
    shown.add_column(width=max(map(len, columns)))
    shown.add_column(overflow="fold")
    for n in order:
        shown.add_row(Text(columns[n]), Text(row[n]))
    console.print(shown)
    console.print()


def _is_sentence(value: str) -> bool:
    return len(value) > _SENTENCE and " " in value.strip()


def shortened(value: str) -> str:
    """An address or a hash by its ends, `0x1234…abcd`; reading verbs take it back where it is clear."""
    return f"{value[:6]}…{value[-4:]}" if len(value) > _ID and value.isascii() and value.isalnum() else value


def pretty(value: Any) -> str:
    """A value for people."""
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        return sized(value)
    if isinstance(value, datetime):
        return str(value)[:19]
    if isinstance(value, list):
        return harmless(";".join(map(str, value))) or _NOTHING
    return harmless(str(value))
