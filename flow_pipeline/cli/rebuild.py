"""`netraflow rebuild`: a new build file from the files of the load ledger."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.analyze import input_options, tell_result
from flow_pipeline.cli.common import (
    AcceptCollapseOption,
    JsonOption,
    PriceFilesOption,
    TokenFilesOption,
    progress,
    settings_of,
    tell_memory,
)


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("rebuild", epilog="Example: netraflow rebuild")(rebuild)


def rebuild(
    context: typer.Context,
    labels: Annotated[
        list[Path] | None, typer.Option("--labels", help="Label sets beside the shipped packs; several may follow.")
    ] = None,
    tokens: TokenFilesOption = None,
    prices: PriceFilesOption = None,
    groups: Annotated[Path | None, typer.Option("--groups", help="YAML or JSON file with groups of addresses.")] = None,
    without_gone: Annotated[
        bool, typer.Option("--without-gone", help="Leave out the rows of files that are no longer there.")
    ] = False,
    accept_collapse: AcceptCollapseOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load every file of the ledger into a new build file, then build, audit and publish it.

    For a version that reads other columns of what was loaded, or a build file that is damaged. Files are read in the
    format, chain and days they were loaded with. Files that are gone are named, and stop it unless --without-gone.
    """
    from flow_pipeline.pipeline import rebuild as stages

    settings, _ = input_options(settings_of(context, builds=True), None, None, tokens, prices, labels)
    if groups is not None:
        settings = settings.with_changes(tracing={"groups": groups})
    tell_memory(settings)
    started = time.monotonic()
    with progress() as say:
        result = stages.rebuild(settings, without_gone, say, accept_collapse)
    tell_result(settings, result, time.monotonic() - started, as_json)
