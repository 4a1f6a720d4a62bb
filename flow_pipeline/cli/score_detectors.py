"""`netraflow score-detectors DIR`: found against planted."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from flow_pipeline.cli.common import JsonOption, progress, put, settings_of
from flow_pipeline.cli.tables import table


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("score-detectors", epilog="Example: netraflow score-detectors /tmp/world")(score_detectors)


def score_detectors(
    context: typer.Context,
    world: Annotated[Path, typer.Argument(help="A folder that `netraflow generate` wrote.")],
    out: Annotated[Path | None, typer.Option("--out", help="Data directory; else DIR/warehouse.")] = None,
    least: Annotated[
        float,
        typer.Option(
            "--least",
            min=0,
            max=1,
            help="Exit 1 when a recall lies below: of typologies, of what is above the budget's size.",
        ),
    ] = 0.0,
    budget: Annotated[
        list[float] | None,
        typer.Option("--budget", min=0, help="A point of the curve; repeat it. By default 0.1, 0.3, 1, 3 and 10."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the pipeline on a generated world: precision and recall of what is planted in it, over budgets of alarms."""
    from flow_pipeline.domain.errors import UsageError
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.loading.ingest import LoadOptions
    from flow_pipeline.pipeline import run
    from flow_pipeline.reports.truth import (
        BUDGETS,
        curves,
        score_deposits,
        score_flows,
        score_typologies,
        score_wallets,
    )

    truth, wallets, prices = world / "typologies.json", world / "wallets.json", world / "prices.csv"
    if not truth.is_file() and not wallets.is_file():
        raise UsageError(f"{truth} does not exist", "give a folder that `netraflow generate` wrote")
    settings = settings_of(context, out or world / "warehouse").with_files(
        labels=[world / "labels.csv"], prices=[str(prices)] if prices.is_file() else []
    )
    with progress() as say:
        run(settings, world / "transfers", Window(), LoadOptions(), say)
    scores_of_typologies = score_typologies(settings, truth, tuple(budget or BUDGETS)) if truth.is_file() else []
    scores = [*scores_of_typologies]
    if wallets.is_file():
        scores += score_wallets(settings, wallets, world / "mev.json")
    for name, score in (("flows.json", score_flows), ("deposits.json", score_deposits)):
        if (world / name).is_file():
            scores.append(score(settings, world / name))
    if as_json or not sys.stdout.isatty():
        put(json.dumps(scores, indent=1))
    else:
        names = ["typology", "planted", "found", "right", "precision", "recall", "recall_above"]
        table(names, [[row.get(name) for name in names] for row in scores], "Found against planted")
        if truth.is_file():
            names = [
                "budget",
                "found",
                "precision",
                "recall",
                "recall_above",
                "wrong_per_1000",
                "wrong_itself_per_1000",
            ]
            rows = [[point[name] for name in names] for point in curves([scores_of_typologies])["all"]]
            table(names, rows, "All typologies over budgets of false alarms in 10,000 transfers")
        for row in scores:
            for finding_id in row["wrong"]:
                put(f"wrong: {row['typology']} {finding_id}")
            for transfers in row["missed"]:
                keys = ", ".join(key if isinstance(key, str) else key[0] for key in transfers)
                put(f"missed: {row['typology']} {keys}")
    if any(figure is not None and figure < least for figure in map(_recall, scores)):
        raise typer.Exit(1)


def _recall(score: dict[str, Any]) -> float | None:
    found: float | None = score["recall_above" if "recall_above" in score else "recall"]
    return found
