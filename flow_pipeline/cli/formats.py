"""`netraflow formats`: what can be loaded."""

from __future__ import annotations

import typer

from flow_pipeline.cli.common import JsonOption, emit


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("formats", epilog="Example: netraflow formats")(formats)


def formats(as_json: JsonOption = False) -> None:
    """Every input format, recognised by content."""
    from flow_pipeline.sources import discover

    emit(["format", "shape"], [[name, source.SHAPE] for name, source in sorted(discover().items())], as_json, False)
