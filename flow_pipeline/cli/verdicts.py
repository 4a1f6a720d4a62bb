"""`netraflow verdicts review`: how right the alerts were, by what people said of them."""

from __future__ import annotations

import json
import sys

import typer

from flow_pipeline.cli.common import JsonOption, jsonable, note, put, settings_of
from flow_pipeline.cli.tables import table
from flow_pipeline.questions.rows import named


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    verdicts = typer.Typer(help="What people said of alerts, and what can be learned from it.", no_args_is_help=True)
    verdicts.command("review", epilog="Example: netraflow verdicts review")(review)
    app.add_typer(verdicts, name="verdicts")


def review(context: typer.Context, as_json: JsonOption = False) -> None:
    """Precision per kind of alert and typology so far, with its interval, and what smaller budgets would have told."""
    from flow_pipeline.alerts.ledger import reviewed, reviewed_budgets

    settings = settings_of(context, asks=True)
    found, budgets = reviewed(settings), reviewed_budgets(settings)
    if as_json or not sys.stdout.isatty():
        shown = {"rules": named(*found), "budgets": named(*budgets), "budget": settings.verdicts.alarms_per_10000}
        put(json.dumps(shown, default=jsonable, indent=1))
        return
    if not found[1]:
        note("nobody has judged an alert yet: netraflow alerts ack ID --as true|known|noise --reason TEXT")
        return
    table(found[0], found[1], "Judged alerts: precision counts true and known ones")
    table(budgets[0], budgets[1], "What a share of the budget in force would have told of them")
    note("another budget: verdicts.alarms_per_10000; try it with netraflow shadow --set FILE before")
