"""`netraflow report`: the daily or weekly report as HTML and Markdown."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Literal, cast

import typer

from flow_pipeline.cli.common import JsonOption, TokenOption, emit, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("report", epilog="Example: netraflow report weekly --day 2025-04-27")(report)


def report(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(help="daily or weekly.")] = "daily",
    day: Annotated[str | None, typer.Option("--day", help="Its last day, YYYY-MM-DD; else the last day built.")] = None,
    token: TokenOption = None,
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder, or s3://bucket/folder; else <data dir>/reports.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write the report: a page that opens offline, Markdown, charts as PNG and SVG, the top-K files of one token."""
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.places import outgoing, shown
    from flow_pipeline.reports.report import DAYS, write_report

    if kind not in DAYS:
        raise UsageError(f"{kind}: there is no such report", "choose daily or weekly")
    try:
        last = date.fromisoformat(day) if day else None
    except ValueError:
        raise UsageError(f"--day {day}: that is no day", "write it as YYYY-MM-DD") from None
    with outgoing(out) as folder:
        written = write_report(settings_of(context), cast(Literal["daily", "weekly"], kind), last, token, folder)
        rows = [[shown(path, folder, out), path.stat().st_size if path.is_file() else None] for path in written]
    emit(["file", "bytes"], rows, as_json, False, "Report")
