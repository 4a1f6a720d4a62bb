"""`netraflow inspect`: how a file would be read."""

from __future__ import annotations

import json
import shutil
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flow_pipeline.cli.analyze import input_options
from flow_pipeline.cli.common import JsonOption, TokenFilesOption, note, put, settings_of

if TYPE_CHECKING:
    from flow_pipeline.loading.inspecting import Inspection


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("inspect", epilog="Example: netraflow inspect data/sample/transfers/transfers.parquet")(inspect)


def inspect(
    context: typer.Context,
    files: Annotated[
        list[str], typer.Argument(help="Files, folders whose files are meant, tables; s3://bucket/file too.")
    ],
    chain: Annotated[
        list[str] | None, typer.Option("--chain", help="Chain of files that do not name theirs, as in analyze.")
    ] = None,
    file_format: Annotated[
        str | None, typer.Option("--format", help="Format of every file, instead of recognising it.")
    ] = None,
    map_file: Annotated[Path | None, typer.Option("--map", help="Map file: columns to fields, and constants.")] = None,
    tokens: TokenFilesOption = None,
    write_map: Annotated[
        Path | None, typer.Option("--write-map", help="Write a draft of a map file for the first file; complete it.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show how files would be read: format, columns, decisions with their evidence, first rows. Loads nothing.

    Exits with 1 when a file would be refused.
    """
    from flow_pipeline.loading.inspecting import inspect as look

    settings, options = input_options(
        settings_of(context, builds=True, asks=True), chain, file_format, tokens, map_file=map_file
    )
    found = look(settings, files, options)
    if as_json or not sys.stdout.isatty():
        put(json.dumps([_plain(one) for one in found], indent=1, default=str))
    else:
        for one in found:
            _show(one)
    if write_map is not None:
        _write(write_map, found)
    if any(one.status == "refused" for one in found):
        raise typer.Exit(1)


def _plain(one: Inspection) -> dict[str, Any]:
    from flow_pipeline.loading.inspecting import COLUMNS

    return {
        "file": str(one.path),
        "status": one.status,
        "format": one.format,
        "kind": one.kind,
        "container": one.container,
        "columns": list(one.file.columns) if one.file else [],
        "fields": one.fields,
        "decisions": [vars(decision) for decision in one.decisions],
        "notes": one.notes,
        "rows": one.counts,
        "first": [dict(zip(COLUMNS, row, strict=True)) for row in one.rows],
    }


def _show(one: Inspection) -> None:
    from flow_pipeline.loading.inspecting import COLUMNS

    what = " in ".join(part for part in (one.kind, one.container) if part)
    put(f"\n{one.path}: {one.status}{f' as {one.format}' if one.format else ''}{f' ({what})' if what else ''}")
    if one.fields:
        _print("columns", ", ".join(f"{field} ← {column}" for field, column in one.fields.items()))
    for decision in one.decisions:
        _print("decided", str(decision))
    for remark in one.notes:
        _print("note", remark)
    if one.counts:
        _print("rows", ", ".join(f"{count:,} {what}" for what, count in one.counts.items()))
    if one.rows:
        put("  first rows, as they would load:")
    for row in one.rows:
        _show_row(dict(zip(COLUMNS, row, strict=True)))


def _print(what: str, text: str) -> None:
    width = max(shutil.get_terminal_size().columns - 2, 40)
    put(textwrap.fill(f"  {what:<10} {text}", width, subsequent_indent=" " * 13, break_long_words=False))


def _show_row(row: dict[str, Any]) -> None:
    """A transfer in four short lines, every id whole."""
    amount = "no amount" if row["amount"] is None else f"{row['amount']:f}".rstrip("0").rstrip(".")
    token = (
        " ".join(str(part) for part in (row["token_symbol"], row["token_address"]) if part) or "of a token not named"
    )
    place = "" if row["transfer_index"] is None else f", place {row['transfer_index']}"
    put(f"    {row['block_timestamp'] or 'no time'}  {amount} {token} on {row['chain']}")
    put(f"      sender   {row['from_address'] or 'none'}")
    put(f"      receiver {row['to_address'] or 'none'}")
    put(f"      hash     {row['tx_hash'] or 'none'}{place}")
    if row["reason"]:
        put(f"      not loaded: {row['reason']}")


def _write(path: Path, found: list[Inspection]) -> None:
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.places import outgoing, shown
    from flow_pipeline.sources.maps import draft

    if path.exists():
        raise UsageError(f"{path} exists already", "name a new file for --write-map")
    first = found[0] if found else None
    if first is None or first.file is None:
        raise UsageError("there is no file whose columns a map could name", "give the file to inspect")
    with outgoing(path) as file:
        file.write_text(draft(first.file, first.fields), encoding="utf-8")
    note(f"draft of a map file: {shown(path, path, path)}; replace each ?, then give it with --map")
