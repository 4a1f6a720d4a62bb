"""What all verbs share: settings from the global options, one way to print rows, progress on stderr."""

from __future__ import annotations

import csv
import json
import os
import shutil
import sys
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TextIO

import typer

from flow_pipeline.cli.tables import PLAIN, Shape, table
from flow_pipeline.domain.text import csv_cell, harmless, harmless_lines
from flow_pipeline.questions.rows import jsonable as jsonable
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
DEMO = "demo"
"""Folder of the demo's data below a data directory."""
ForgetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--forget",
        help="Drop what the data directory remembers: labels, labels/FILE, groups, map, a setting such as "
        "sources.chain. Several may follow.",
    ),
]
AcceptCollapseOption = Annotated[
    bool,
    typer.Option(
        "--accept-collapse",
        help="Publish although more labels, exchanges, tokens or transfers are lost than quality.max_collapse allows.",
    ),
]
LimitOption = Annotated[int, typer.Option("--limit", min=1, help="Rows shown on a terminal; JSON and CSV have all.")]


@dataclass(frozen=True)
class Globals:
    """Options of every verb."""

    data_dir: Path | None = None
    config: Path | None = None
    debug: bool = False


def settings_of(
    context: typer.Context,
    data_dir: Path | None = None,
    forget: Sequence[str] | None = None,
    builds: bool = False,
    asks: bool = False,
) -> Settings:
    """Settings in force for this call.

    Args:
        context: Of the verb.
        data_dir: Instead of what the command line, the environment or the default says.
        forget: What the data directory remembers and this call drops.
        builds: The verb makes what others read. Those find the demo's data where there is nothing else.
        asks: The verb shows rows and needs no pandas, which DuckDB imports with the first value that is bound, to see
            whether it is one of its: that would take longer than the answer.
    """
    if asks:
        sys.meta_path.insert(0, _NoPandas)
        context.call_on_close(lambda: sys.meta_path.remove(_NoPandas))
    from flow_pipeline.settings import load_settings

    given: Globals = context.obj
    settings = load_settings(data_dir or given.data_dir, given.config, forget or ())
    demo = settings.data_dir / DEMO
    is_there = (settings.published_link.is_symlink(), (demo / settings.published_link.name).is_symlink())
    if builds or data_dir or is_there != (False, True):
        return settings
    if not context.meta.get(DEMO):
        context.meta[DEMO] = True
        note(f"netraflow: the demo's data, {demo}; `netraflow analyze DIR` loads your own")
    return load_settings(demo, given.config)


class _NoPandas(MetaPathFinder):
    """Who looks for pandas does not find it."""

    @staticmethod
    def find_spec(name: str, path: object = None, target: object = None) -> None:
        if name == "pandas":
            raise ModuleNotFoundError("no verb that only asks needs pandas", name=name)


def settings_file_of(context: typer.Context) -> dict[str, str]:
    """The settings file of this call as a variable for a process that it starts; nothing where there is none."""
    from flow_pipeline.settings import CONFIG_VARIABLE, settings_file

    path, _ = settings_file(context.obj.config)
    return {CONFIG_VARIABLE: str(path.resolve())} if path.is_file() else {}


def tell_memory(settings: Settings) -> None:
    """Say on stderr what holds because the data directory remembers it, and what this run changes of that."""
    from flow_pipeline.memory import told_changes, told_memory

    if held := told_memory(settings):
        note(f"netraflow: remembered by {settings.data_dir}: {held}")
    # A directory that is new has nothing to be told of.
    for line in told_changes(settings) if settings.published_link.exists() else ():
        note(f"netraflow: {line}")


def emit(
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    as_json: bool,
    as_csv: bool,
    title: str = "",
    limit: int | None = None,
    shape: Shape = PLAIN,
) -> None:
    """Rows as a table on a terminal, as JSON when piped or asked for, as CSV when asked for."""
    if as_csv:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_text(value) for value in row] for row in rows)
    elif as_json or not sys.stdout.isatty():
        put(json.dumps(named(columns, rows), default=jsonable, indent=1))
    else:
        table(columns, rows, title, limit, shape)


def _text(value: Any) -> Any:
    if isinstance(value, list):
        value = ";".join(map(str, value))
    if isinstance(value, str):
        return csv_cell(harmless(value))
    return format(value, "f") if isinstance(value, Decimal) else value


def counted(count: int, thing: str) -> str:
    """A count with its noun."""
    return f"{count:,} {thing}{'' if count == 1 else 's'}"


def tell_next(questions: Iterable[str]) -> None:
    """Commands that go on from here, as they are called on this machine."""
    own, on_path = Path(sys.argv[0]), shutil.which("netraflow")
    is_on_path = on_path and own.exists() and Path(on_path).samefile(own)
    is_module = own.name == "__main__.py"
    command = "netraflow" if is_on_path else "python -m flow_pipeline" if is_module else os.path.relpath(own)
    put("\nAsk it:\n" + "\n".join(f"  {command} {question}" for question in questions))


RUN_STEPS = (
    ("load",),
    ("build",),
    ("audit raw", "audit marts", "audit collapse"),
    ("detect", "follow", "find", "analyse", "score"),
    ("sort",),
    ("audit",),
    ("compare", "publish", "record"),
    ("send",),
    ("write",),
)
"""What a run says, from its files to its alerts."""


@contextmanager
def progress(steps: Sequence[tuple[str, ...]] = ()) -> Iterator[Callable[[str], None]]:
    """The step at work on stderr: a spinner on a terminal, else a line when it changes.

    Args:
        steps: How what is said in each step of a long job begins, in their order; it is then told with its number.
    """
    from rich.console import Console
    from rich.text import Text

    def numbered(text: str) -> str:
        done = [n for n, step in enumerate(steps, 1) if text.startswith(step)]
        return f"[{done[0]}/{len(steps)}] {text}" if done else text

    console = Console(stderr=True)
    if console.is_terminal:
        with console.status("start") as status:
            yield lambda text: status.update(Text(harmless(numbered(text))))
        return
    if not steps:
        yield lambda text: None
        return
    note("netraflow: start")
    yield lambda text: note(f"netraflow: {numbered(text)}")


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


def refuse_busy_port(host: str, port: int) -> None:
    """Say that nobody can listen there before anything starts.

    Raises:
        UsageError: the port is taken, or there is no such address.
    """
    import socket

    from flow_pipeline.domain.errors import UsageError

    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as tried:
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind(address)
    except OSError as error:
        raise UsageError(
            f"--port {port} on {host}: {error.strerror or error}", "choose another port, or stop what listens there"
        ) from None


def put(text: str = "", file: TextIO | None = None, flush: bool = False) -> None:
    """Print lines; whatever a stranger's text in them would do to a terminal is shown instead."""
    print(harmless_lines(text), file=file, flush=flush)


def say(text: str, mark: str = "") -> None:
    """Print a sentence, on a terminal broken between its words."""
    if sys.stdout.isatty():
        width, rest = shutil.get_terminal_size().columns, " " * len(mark)
        text = textwrap.fill(text, width, initial_indent=mark, subsequent_indent=rest, break_long_words=False)
    else:
        text = mark + text
    put(text)


def note(text: str) -> None:
    """A line for people on stderr."""
    put(text, file=sys.stderr)
