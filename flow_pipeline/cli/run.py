"""`netraflow run`: the daily job from the inbox."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from flow_pipeline.cli.analyze import input_options, run_and_tell
from flow_pipeline.cli.common import AcceptCollapseOption, ForgetOption, FromOption, JsonOption, ToOption, settings_of


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("run", epilog="Example: netraflow run --date 2025-05-01")(run)


def run(
    context: typer.Context,
    date: Annotated[
        str | None, typer.Option("--date", help="One day, YYYY-MM-DD; yesterday when no day is given.")
    ] = None,
    first: FromOption = None,
    last: ToOption = None,
    forget: ForgetOption = None,
    accept_collapse: AcceptCollapseOption = False,
    as_json: JsonOption = False,
) -> None:
    """Load one or more days from <data dir>/inbox and <data dir>/landing, build, audit, publish, as each day does.

    It is built as the data directory remembers it from its last runs; the environment and the settings file come first.
    """
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.domain.windows import Window

    if date and (first or last):
        raise UsageError("--date and --from/--to exclude each other", "give one day, or both ends of a window")
    if not date and not first and not last:
        date = (datetime.now(UTC).date() - timedelta(days=1)).isoformat()
    settings = settings_of(context, forget=forget, builds=True)
    settings.inbox.mkdir(parents=True, exist_ok=True)
    settings, options = input_options(settings, None, None)
    options = replace(options, landing=settings.landing)
    run_and_tell(settings, settings.inbox, Window.parse(first or date, last or date), options, as_json, accept_collapse)
