"""The `netraflow` command: one file per verb, found by being there; heavy imports inside the functions.

What lives here: options, words for people, exit codes. What must not: SQL, rules over rows, files.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from copy import copy
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flow_pipeline.cli.common import Globals, put
from flow_pipeline.cli.tables import is_wide, show_wide

if TYPE_CHECKING:
    from flow_pipeline.domain.errors import FlowError

_EVERYWHERE = ("data_dir", "config", "debug", "wide")
"""Options that stand before the verb or after it."""

app = typer.Typer(
    name="netraflow",
    help="Raw crypto token transfers to audited netflow, anomalies and destinations in one DuckDB warehouse.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _globals(
    context: typer.Context,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", help="Where everything lives; else NETRAFLOW_DATA_DIR, else data/.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="Settings file; else netraflow.toml here.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    wide: Annotated[bool, typer.Option("--wide", help="Tables with every column, whatever the width.")] = False,
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    context.obj = Globals(data_dir, config, debug)
    show_wide(wide)
    if version:
        from flow_pipeline import __version__

        typer.echo(f"netraflow {__version__}")
        raise typer.Exit


for _module in pkgutil.iter_modules(__path__):
    if _module.name not in ("common", "tables"):
        importlib.import_module(f"{__name__}.{_module.name}").register(app)


def main(arguments: list[str] | None = None) -> None:
    """Run the command; a FlowError is printed with its hint and without a traceback, and decides the exit code."""
    from flow_pipeline.domain.errors import FlowError

    given = list(sys.argv[1:] if arguments is None else arguments)
    for option in ("--labels", "--tokens", "--prices", "--forget"):
        given = _spread(given, option)
    try:
        command()(given, prog_name="netraflow")
    except KeyboardInterrupt:
        put("netraflow: interrupted; the next run goes on from here", file=sys.stderr)
        raise SystemExit(130) from None
    except BrokenPipeError:
        sys.stderr.close()
        raise SystemExit(0) from None
    except Exception as error:
        told = error if isinstance(error, FlowError) else _explained(error)
        if told is None or "--debug" in given:
            raise
        put(f"netraflow: {told.message}", file=sys.stderr)
        if told.hint:
            put(f"  hint: {told.hint}", file=sys.stderr)
        raise SystemExit(told.exit_code) from None


def _explained(error: Exception) -> FlowError | None:
    from flow_pipeline.warehouse.faults import explained

    return explained(error)


@cache
def command() -> Any:
    """The command with its verbs, each of which also takes the options of all."""
    found = typer.main.get_command(app)
    shared = [option for option in found.params if option.name in _EVERYWHERE]
    _give(found, shared)
    return found


def _give(group: Any, shared: list[Any]) -> None:
    for verb in group.commands.values():
        if hasattr(verb, "commands"):
            _give(verb, shared)
        else:
            for option in shared:
                also = copy(option)
                also.expose_value, also.callback = False, _take
                verb.params.append(also)


def _take(context: Any, option: Any, value: Any) -> None:
    """An option of all verbs that stands behind one."""
    if option.name == "wide":
        show_wide(value or is_wide())
    elif value:
        given = Path(value) if option.name in ("data_dir", "config") else value
        context.obj = replace(context.obj, **{option.name: given})


def _spread(given: list[str], option: str) -> list[str]:
    """`--labels a.csv b.csv` → `--labels a.csv --labels b.csv`; a folder ends the list."""
    out: list[str] = []
    inside = False
    for word in given:
        if word.startswith("-"):
            inside = word == option
        elif inside and out[-1] != option:
            if Path(word).is_dir():
                inside = False
            else:
                out.append(option)
        out.append(word)
    return out


__all__: list[Any] = ["command", "main"]
