"""`netraflow model …`: train the smart-money model, see its versions, ask whether scores have been worth anything."""

from __future__ import annotations

import json
import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from flow_pipeline.cli.common import CsvOption, JsonOption, emit, note, progress, put, settings_of


def register(app: typer.Typer) -> None:
    """Add the verbs."""
    model = typer.Typer(
        help="The model of who will make money, and whether scores have been worth anything.", no_args_is_help=True
    )
    model.command("train", epilog="Example: netraflow model train")(train)
    model.command("show", epilog="Example: netraflow model show")(show_model)
    model.command("backtest", epilog="Example: netraflow model backtest")(backtest)
    app.add_typer(model, name="model")


def train(context: typer.Context, as_json: JsonOption = False) -> None:
    """Train on the published file, register the version, print its card; rank wallets by it if it beats the formula."""
    from flow_pipeline.pipeline.training import score_again, train_model

    settings = settings_of(context)
    with progress() as say:
        found = train_model(settings, say)
        if found.trained.facts["beats_formula"]:
            score_again(settings, say)
    if as_json or not sys.stdout.isatty():
        facts = {
            "version": found.version,
            "chosen": found.trained.name,
            "candidates": found.trained.candidates,
            **found.trained.facts,
            "card": found.card,
        }
        put(json.dumps(facts, indent=1))
    else:
        put(found.card)


def show_model(
    context: typer.Context,
    version: Annotated[int | None, typer.Option("--version", help="Print the card of this version.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Versions of the model, or the card of one."""
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.scoring.registry import versions

    rows = versions(settings_of(context).data_dir / "models")
    if version is not None:
        cards = {row["version"]: row["card"] for row in rows}
        if version not in cards:
            raise UsageError(
                f"--version {version}: there is no such one",
                f"there are {', '.join(map(str, sorted(cards))) or 'none; train one with `netraflow model train`'}",
            )
        put(cards[version])
        return
    if not rows:
        note(
            "netraflow: no model was trained yet: wallets are ranked by the formula; `netraflow model train` trains one"
        )
    columns = ["version", "made_at", "chosen", "auc", "formula_auc", "in_production"]
    made = [
        {**row, "made_at": datetime.fromtimestamp(row["made_at"] / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S")}
        for row in rows
    ]
    emit(
        columns, [[row[name] for name in columns] for row in made], as_json, False, "Versions of the smart-money model"
    )


def backtest(context: typer.Context, as_json: JsonOption = False, as_csv: CsvOption = False) -> None:
    """Has the top tenth by score made more than the rest in the 30 days after? Per week and over all."""
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.pipeline.training import backtest_formula

    rows = backtest_formula(settings_of(context))
    if not rows:
        raise UsageError(
            "no outcome is known yet",
            "a backtest needs 60 days with transactions or trades: 30 to score and 30 to see what came of it",
        )
    emit(
        list(rows[0]),
        [list(row.values()) for row in rows],
        as_json,
        as_csv,
        "Top tenth by the formula against the rest, US dollars made in the 30 days after",
    )
    whole = rows[-1]
    if not as_json and not as_csv and sys.stdout.isatty():
        words = (
            "yes"
            if whole["is_better"]
            else "no: worse"
            if whole["high_usd"] < 0
            else "that can not be said: the interval holds 0"
        )
        put(
            f"Was the top tenth better? {words}. {whole['difference_usd']:,.2f} USD more per wallet, "
            f"95 % interval {whole['low_usd']:,.2f} to {whole['high_usd']:,.2f}"
        )
