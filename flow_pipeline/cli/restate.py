"""`netraflow restate`: what published days become under more labels."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import (
    AcceptCollapseOption,
    CsvOption,
    JsonOption,
    LimitOption,
    emit,
    note,
    progress,
    settings_of,
    tell_memory,
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("restate", epilog="Example: netraflow restate --labels data/sample/labels.csv --limit 5")(restate)


def restate(
    context: typer.Context,
    labels: Annotated[list[Path], typer.Option("--labels", help="Label sets to add to those in force.")],
    is_applied: Annotated[
        bool, typer.Option("--apply", help="Publish it, and keep what moved in ops.restatements.")
    ] = False,
    accept_collapse: AcceptCollapseOption = False,
    as_json: JsonOption = False,
    as_csv: CsvOption = False,
    limit: LimitOption = 20,
) -> None:
    """Show which published exchange days would move, by how much; nothing is changed without --apply."""
    from flow_pipeline.pipeline import restate as stages

    settings = settings_of(context, builds=True)
    tell_memory(settings)
    with progress() as say:
        moved = stages.preview(settings, tuple(labels), say)
        if is_applied:
            stages.apply(settings, tuple(labels), moved, say, accept_collapse)
    emit(*moved, as_json, as_csv, "Restated" if is_applied else "Would be restated", limit)
    if is_applied:
        note(f"{settings.data_dir} remembers these label sets; --forget labels/FILE drops one")
