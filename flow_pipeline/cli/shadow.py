"""`netraflow shadow`: another set of rules beside the one in force."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import JsonOption, jsonable, note, progress, put, settings_of
from flow_pipeline.cli.tables import table
from flow_pipeline.questions.rows import named


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("shadow", epilog="Example: netraflow shadow --set docs/operations/stricter.toml --examples 3")(shadow)


def shadow(
    context: typer.Context,
    rules: Annotated[
        Path,
        typer.Option("--set", help="TOML with sections rules, verdicts, typologies or anomalies, as in the settings."),
    ],
    examples: Annotated[int, typer.Option("--examples", min=0, help="Findings shown per kind and change.")] = 5,
    as_json: JsonOption = False,
) -> None:
    """What another set of rules would tell on the same data: new, gone, moved. Nothing is published."""
    from flow_pipeline.pipeline.shadow import run_shadow
    from flow_pipeline.places import brought

    settings = settings_of(context)
    with progress() as say:
        found = run_shadow(settings, brought(rules, settings.data_dir), examples, say)
    if as_json or not sys.stdout.isatty():
        put(
            json.dumps(
                {"set": found.name, "counts": named(*found.counts), "examples": named(*found.examples)},
                default=jsonable,
                indent=1,
            )
        )
        return
    table(found.counts[0], found.counts[1], f"{settings.rules.name} in force, {found.name} beside it")
    if found.examples[1]:
        table(found.examples[0], found.examples[1], "Examples, the rarest of each kind and change")
    note("nothing was published; put the sections into the settings to work with this set")
