"""`netraflow demo`: the committed sample through the whole pipeline, offline."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from flow_pipeline.cli.common import JsonOption, progress, put, settings_of, table
from flow_pipeline.domain.shipped import shipped

SAMPLE = shipped("data/sample")
LEAST_FOUND = 0.9
"""Of what is planted above the budget's size. A tail is estimated from few findings, so all can not be promised."""


def register(app: typer.Typer) -> None:
    """Add the verb."""
    app.command("demo", epilog="Example: netraflow demo --out /tmp/demo")(demo)


def demo(
    context: typer.Context,
    out: Annotated[Path | None, typer.Option("--out", help="Data directory; else <data dir>/demo.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run the sample and compare what was found with what was planted; exit 1 when what can be found is missed.

    Netflow days are missed when any day before was as far from its level: sixty days are too few to flag all of them.
    """
    from flow_pipeline.cli.analyze import show_summary, summarise
    from flow_pipeline.domain.windows import Window
    from flow_pipeline.loading.ingest import LoadOptions
    from flow_pipeline.pipeline import run
    from flow_pipeline.reports.truth import compare_anomalies, score_flows, score_typologies

    settings = settings_of(context, out or settings_of(context).data_dir / "demo")
    settings = settings.with_changes(labels={"files": (SAMPLE / "labels.csv",)})
    started = time.monotonic()
    with progress() as say:
        result = run(settings, SAMPLE / "transfers", Window(), LoadOptions(), say)
    summary = summarise(settings, result, time.monotonic() - started)
    planted = compare_anomalies(settings, SAMPLE / "netflow_anomalies.json")
    scores = [*score_typologies(settings, SAMPLE / "typologies.json"), score_flows(settings, SAMPLE / "flows.json")]
    missed = [row for row in planted if row["place"] != 1]
    if as_json or not sys.stdout.isatty():
        put(json.dumps({**summary, "planted": planted, "typologies": scores}, indent=1, default=str))
    else:
        show_summary(summary)
        names = [
            "block_date",
            "scope",
            "token_symbol",
            "direction",
            "netflow_added",
            "netflow",
            "place",
            "e_value",
            "found",
        ]
        table(
            names,
            [[row[name] for name in names] for row in planted],
            f"Planted netflow days that are the farthest of their series so far: {len(planted) - len(missed)} of "
            f"{len(planted)}; flagged: {sum(row['found'] for row in planted)}",
        )
        names = ["typology", "planted", "found", "right", "precision", "recall", "above", "recall_above"]
        table(
            names,
            [[row.get(name) for name in names] for row in scores],
            "Planted typologies and flows found; a third is too small to be, near misses and decoys stand between them",
        )
    typologies = [row for row in scores if "above" in row]
    above, right = (sum(row[name] for row in typologies) for name in ("above", "above_right"))
    flows_missed = any(row["right"] < row["planted"] for row in scores if "above" not in row)
    if missed or flows_missed or right < LEAST_FOUND * above:
        raise typer.Exit(1)
