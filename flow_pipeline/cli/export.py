"""`netraflow export`: tables of the published warehouse to files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import JsonOption, bar, emit, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command(
        "export", epilog="Example: netraflow export marts.fct_daily_netflow --format csv,parquet --out /tmp/tables"
    )(export)


def export(
    context: typer.Context,
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            help="Tables such as marts.fct_daily_netflow; every mart and detection table when none is given."
        ),
    ] = None,
    kinds: Annotated[str, typer.Option("--format", help="csv, parquet, sqlite, joined by commas.")] = "csv",
    out: Annotated[
        Path | None, typer.Option("--out", help="Folder for the files; else <data dir>/exports/tables.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write tables as CSV, Parquet (a partition per day) or SQLite, all or none, with a manifest of rows and hashes."""
    from flow_pipeline.reports.exports import export_tables

    settings = settings_of(context)
    folder = out or settings.exports_dir / "tables"
    with bar() as say:
        written = export_tables(settings, tables or [], [kind.strip() for kind in kinds.split(",")], folder, say)
    rows = [[one.table, one.format, one.rows, str(folder / one.files[0].split("/")[0])] for one in written]
    emit(
        ["table", "format", "rows", "path"],
        rows,
        as_json,
        False,
        f"Exported; {folder / 'manifest.json'} has rows and hashes",
    )
