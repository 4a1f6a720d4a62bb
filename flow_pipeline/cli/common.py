"""What all verbs share: settings from the global options, one way to print rows, progress on stderr."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from flow_pipeline.domain.text import csv_cell, harmless, harmless_lines
from flow_pipeline.questions.rows import named

if TYPE_CHECKING:
    from collections.abc import Callable

    from flow_pipeline.settings import Settings

JsonOption = Annotated[bool, typer.Option("--json", help="JSON instead of a table; the default when piped.")]
CsvOption = Annotated[bool, typer.Option("--csv", help="CSV instead of a table.")]
FromOption = Annotated[str | None, typer.Option("--from", help="First day, YYYY-MM-DD.")]
ToOption = Annotated[str | None, typer.Option("--to", help="Last day, YYYY-MM-DD, included.")]
TokenOption = Annotated[str | None, typer.Option("--token", help="Only this token: symbol or contract address.")]
TokenFilesOption = Annotated[
    list[Path] | None,
    typer.Option(
        "--tokens",
        help="Token file beside the registry: chain, token_address, token_symbol, decimals; a token list; CoinGecko's "
        "coins/list; ethereum-etl's tokens.csv. Several may follow.",
    ),
]
PriceFilesOption = Annotated[
    list[str] | None,
    typer.Option(
        "--prices",
        help="Price file: token, date, usd; or SYMBOL=FILE, CHAIN:CONTRACT=FILE for the history of one token "
        "(CoinGecko, CoinMarketCap, Yahoo, klines). Several may follow.",
    ),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="Rows shown on a terminal; JSON and CSV have all.")]


@dataclass(frozen=True)
class Globals:
    """Options that stand before the verb."""

    data_dir: Path | None = None
    config: Path | None = None
    debug: bool = False


def settings_of(context: typer.Context, data_dir: Path | None = None) -> Settings:
    """Settings in force for this call."""
    from flow_pipeline.settings import load_settings

    given: Globals = context.obj
    return load_settings(data_dir or given.data_dir, given.config)


def emit(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    as_json: bool,
    as_csv: bool,
    title: str = "",
    limit: int | None = None,
) -> None:
    """Rows as a table on a terminal, as JSON when piped or asked for, as CSV when asked for."""
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(value) for value in row] for row in rows)
    elif as_json or not sys.stdout.isatty():
        put(json.dumps(named(columns, rows), default=jsonable, indent=1))
    else:
        table(columns, rows, title, limit)


def table(columns: Sequence[str], rows: Sequence[Sequence[Any]], title: str = "", limit: int | None = None) -> None:
    """A table for people; numbers to the right, sentences under their row, rows beyond the limit counted.

    Where the terminal is too narrow, columns without a value are left out, hashes and addresses are shortened, both of
    which is said, and what still does not fit stands row by row, a column per line.
    """
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    console = Console()
    cells = [[_pretty(value) for value in row] for row in rows[:limit]]
    sentences = [
        n for n in range(len(columns)) if any(len(row[n]) > _SENTENCE and " " in row[n].strip() for row in cells)
    ]
    plain = [n for n in range(len(columns)) if n not in sentences]
    shown, said = cells, []
    if not _fits(columns, plain, shown, console.width):
        empty = [n for n in plain if cells and all(row[n] == _NOTHING for row in cells)]
        plain = [n for n in plain if n not in empty]
        shown = [[value if n in sentences else _shortened(value) for n, value in enumerate(row)] for row in cells]
        said += [f"without a value: {', '.join(columns[n] for n in empty)}"] if empty else []
    if title:
        console.print(Text(harmless(title), style="bold"))
    if _fits(columns, plain, shown, console.width):
        heads = [columns[n].replace("_", "\n") for n in plain]
        is_number = [any(isinstance(row[n], int | float | Decimal) for row in rows[:50]) for n in plain]
        grid = list(zip(heads, _widths(columns, plain, shown), is_number, strict=True))
        console.print(_grid(grid, [], with_heads=True))
        console.print("─" * (sum(width for _, width, _ in grid) + len(grid) - 1))
        for row in shown:
            console.print(_grid(grid, [[row[n] for n in plain]]))
            for n in sentences:
                console.print(Padding(Text(row[n]), (0, 0, 0, 4)))
        said += ["shortened to fit"] if shown != cells else []
    else:
        left = max(len(name) for name in columns)
        grid = [("", left, False), ("", max(console.width - left - 1, 1), False)]
        for row in cells:
            console.print("─" * console.width)
            console.print(_grid(grid, [[columns[n], row[n]] for n in (*plain, *sentences)]))
    console.print()
    if limit is not None and len(rows) > limit:
        console.print(f"… and {len(rows) - limit:,} more; --limit shows them")
    if said:
        console.print(f"{'; '.join(said)}; a wider terminal or --json shows all")


_NOTHING = "–"
_SENTENCE = 40
"""Longer texts with spaces are sentences."""


def _fits(columns: Sequence[str], plain: Sequence[int], cells: Sequence[Sequence[str]], width: int) -> bool:
    return sum(_widths(columns, plain, cells)) + len(plain) - 1 <= width


def _widths(columns: Sequence[str], plain: Sequence[int], cells: Sequence[Sequence[str]]) -> list[int]:
    """The width that each column asks for; heads are broken between their words."""
    return [max(*map(len, columns[n].split("_")), *(len(row[n]) for row in cells), 1) for n in plain]


def _grid(columns: Sequence[tuple[str, int, bool]], rows: Sequence[Sequence[str]], with_heads: bool = False) -> Any:
    """Rows in columns of given head, width and side, or the heads alone."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, show_header=with_heads, header_style="bold", padding=(0, 1, 0, 0), pad_edge=False)
    for name, width, is_number in columns:
        shown.add_column(Text(name), justify="right" if is_number else "left", overflow="fold", width=width)
    for row in rows:
        shown.add_row(*map(Text, row))
    return shown


def _shortened(value: str) -> str:
    """An address or a hash by its ends."""
    is_id = len(value) > 24 and " " not in value
    return f"{value[:8]}…{value[-6:]}" if is_id else value


def _text(value: Any) -> Any:
    if isinstance(value, list):
        value = ";".join(map(str, value))
    if isinstance(value, str):
        return csv_cell(harmless(value))
    return format(value, "f") if isinstance(value, Decimal) else value


def _pretty(value: Any) -> str:
    if value is None:
        return _NOTHING
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float | Decimal):
        size = abs(float(value))
        return f"{value:,.2f}" if size >= 100 else f"{value:,.4f}" if size >= 0.001 or not size else f"{value:.2g}"
    if isinstance(value, datetime):
        return str(value)[:19]
    if isinstance(value, list):
        return harmless(";".join(map(str, value))) or _NOTHING
    return harmless(str(value))


def jsonable(value: Any) -> Any:
    """A value for JSON: exact decimals and times as text."""
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, date | datetime):
        return value.isoformat()
    return str(value)


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A spinner with the current step on stderr; silent when stderr is no terminal."""
    from rich.console import Console
    from rich.text import Text

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda text: None
        return
    with console.status("start") as status:
        yield lambda text: status.update(Text(harmless(text)))


@contextmanager
def bar() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr for work that knows its parts; silent when stderr is no terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not console.is_terminal:
        yield lambda what, done, of: None
        return
    with Progress(console=console, transient=True) as shown:
        task = shown.add_task("start", total=None)
        yield lambda what, done, of: shown.update(task, description=what, completed=done, total=of)


def put(text: str = "", file: TextIO | None = None, flush: bool = False) -> None:
    """Print lines; whatever a stranger's text in them would do to a terminal is shown instead."""
    print(harmless_lines(text), file=file, flush=flush)


def note(text: str) -> None:
    """A line for people on stderr."""
    put(text, file=sys.stderr)
