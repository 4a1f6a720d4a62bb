"""`netraflow export`: tables of the published warehouse to files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import JsonOption, emit, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("export", epilog="Example: netraflow export marts.fct_daily_netflow --format csv,parquet --out /tmp/tables")(export)


def export(
    context: typer.Context,
    tables: Annotated[
        list[str] | None, typer.Argument(help="Tables such as marts.fct_daily_netflow; every mart and detection table when none is given.")
    ] = None,
    kinds: Annotated[str, typer.Option("--format", help="csv, parquet, sqlite, joined by commas.")] = "csv",
    out: Annotated[Path | None, typer.Option("--out", help="Folder for the files; else <data dir>/exports/tables.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Write tables as CSV, Parquet or SQLite; each file whole or not at all."""
    from flow_pipeline.reports.exports import export_tables

    settings = settings_of(context)
    written = export_tables(settings, tables or [], [kind.strip() for kind in kinds.split(",")], out or settings.exports_dir / "tables")
    emit(["file", "bytes"], [[str(path), path.stat().st_size] for path in written], as_json, False, "Exported")
