"""`netraflow export`: tables of the published warehouse to files, to a lake, to a database."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flow_pipeline.cli.common import JsonOption, bar, emit, settings_of

if TYPE_CHECKING:
    from flow_pipeline.settings import Settings


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
    kinds: Annotated[
        str | None, typer.Option("--format", help="Files, anew: csv (the default), parquet, sqlite, joined by commas.")
    ] = None,
    to: Annotated[
        str | None, typer.Option("--to", help="Bring what changed to another system: delta, postgres, parquet.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out",
            help="Folder or s3://bucket/folder, else <data dir>/exports/tables; with --to postgres the database, "
            "postgresql://user@host/name or env:NAME. Without it --to takes that of the settings.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write tables to files, all or none, or bring them to a lake or a database, by day and exactly once."""
    from flow_pipeline.domain.errors import UsageError

    settings = settings_of(context)
    if to is None:
        _to_files(settings, tables or [], kinds or "csv", out or str(settings.exports_dir / "tables"), as_json)
    elif kinds is not None:
        raise UsageError("--format and --to exclude each other", "give --to alone: it knows its own format")
    else:
        _to_system(settings, tables or [], to, out, as_json)


def _to_files(settings: Settings, tables: list[str], kinds: str, folder: str, as_json: bool) -> None:
    from flow_pipeline.reports.exports import export_tables

    with bar() as say:
        written = export_tables(settings, tables, [kind.strip() for kind in kinds.split(",")], folder, say)
    rows = [[one.table, one.format, one.rows, f"{folder}/{one.files[0].split('/')[0]}"] for one in written]
    title = f"Exported; {folder}/manifest.json has rows and hashes"
    emit(["table", "format", "rows", "path"], rows, as_json, False, title)


def _to_system(settings: Settings, tables: list[str], to: str, out: str | None, as_json: bool) -> None:
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.reports.targets import export_to

    place = out or getattr(settings.exports, to, None)
    if place is None:
        raise UsageError(f"--to {to} has no place", f"name it with --out, or in the settings as exports.{to}")
    with bar() as say:
        written = export_to(settings, to, place, tables, say)
    rows = [[one.table, one.rows, one.written, one.removed] for one in written]
    title = "Exported" if written else "Nothing new: it shows this run already"
    emit(["table", "rows", "parts_written", "parts_removed"], rows, as_json, False, title)
